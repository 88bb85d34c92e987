"""What users ask for on the pages of the settings."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal


class SettingsRequests(QObject):
    """The signals of all pages, which exist before the pages do.

    Signals:
        profile_selected(str): the user selected this provider.
        profile_save_requested(ProviderProfile): store this changed profile.
        profile_add_requested(ProviderProfile): store this new profile and show it.
        profile_removal_requested(str): remove this profile and its key.
        key_entered(str, str): profile id and key; emitted once.
        key_removal_requested(str): profile id.
        test_requested(str): profile id.
        setting_changed(str, object): key and value, valid by the schema.
        edit_requested(EditRequest): change a value in a window of its own.
        override_changed(str, str, object): conversation id, key and the conversation's own value.
        languages_requested(EditRequest): choose the languages whose spelling is checked.
        override_removed(str, str): conversation id and key, whose default applies again.
        folder_override_changed(str, str, object): folder id, key and the folder's own value.
        folder_override_removed(str, str): folder id and key.
        shortcut_changed(str, str): command id and keys; "" for none.
        binding_requested(str): bind these keys in the desktop's settings.
        shortcuts_import_requested(), shortcuts_export_requested(): as a file.
        model_file_chosen(object): a Path, or None for the built-in model.
        spending_requested(): the user wants to see the spending report.
        models_requested(): the user wants to see the table of models.
        password_entered(str, str): the keyring name of a proxy's password, and the password.
        password_removal_requested(str): the keyring name of a proxy's password.
        ca_file_chosen(str, object): profile id, and a Path or None for only the system's.
        custom_field_entered(str, object, str): profile id, a CustomField and its value.
        import_requested(), backup_requested(): actions on the library.
        restore_requested(), erase_requested(): actions on the library.
        export_requested(str, str): "open" or "all", and the format's id.
        server_add_requested(), servers_import_requested(): add tool servers.
        server_edit_requested(str), server_removal_requested(str): change the server of this name.
        server_test_requested(str), server_log_requested(str): test the server, or show its log.
        server_sign_in_requested(str), server_sign_out_requested(str): sign in to it, or out of it.
        help_requested(str): open the help for this part of the settings.
    """

    profile_selected = Signal(str)
    profile_save_requested = Signal(object)
    profile_add_requested = Signal(object)
    profile_removal_requested = Signal(str)
    key_entered = Signal(str, str)
    key_removal_requested = Signal(str)
    test_requested = Signal(str)
    setting_changed = Signal(str, object)
    edit_requested = Signal(object)
    override_changed = Signal(str, str, object)
    languages_requested = Signal(object)
    override_removed = Signal(str, str)
    folder_override_changed = Signal(str, str, object)
    folder_override_removed = Signal(str, str)
    shortcut_changed = Signal(str, str)
    binding_requested = Signal(str)
    shortcuts_import_requested = Signal()
    shortcuts_export_requested = Signal()
    model_file_chosen = Signal(object)
    spending_requested = Signal()
    models_requested = Signal()
    password_entered = Signal(str, str)
    password_removal_requested = Signal(str)
    ca_file_chosen = Signal(str, object)
    custom_field_entered = Signal(str, object, str)
    import_requested = Signal()
    backup_requested = Signal()
    restore_requested = Signal()
    erase_requested = Signal()
    export_requested = Signal(str, str)
    server_add_requested = Signal()
    servers_import_requested = Signal()
    server_edit_requested = Signal(str)
    server_removal_requested = Signal(str)
    server_test_requested = Signal(str)
    server_log_requested = Signal(str)
    server_sign_in_requested = Signal(str)
    server_sign_out_requested = Signal(str)
    help_requested = Signal(str)
