"""The drafts of all conversations, and where their attachments come from.

May import the domain, and the types of storage, services, documents and the prompt editor.
"""
