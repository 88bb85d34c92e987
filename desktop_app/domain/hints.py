"""Hints that several errors share: what the user can do.

A placeholder such as {provider_page} names a place: see places.py.
"""

from __future__ import annotations

from typing import Final

from desktop_app.i18n.translation import N_

ADD_CREDIT: Final = N_("Add credit on the provider’s billing page, or choose another provider.")
ADD_KEY: Final = N_("Add one in {provider_page}.")
ASK_SHORTER: Final = N_("Ask for a shorter response, or choose another provider.")
ASK_FEWER: Final = N_(
    "Ask for fewer at once, lower “Maximum output tokens” in {advanced_page}, or raise the limit "
    "in {provider_page}."
)
ATTACH_AGAIN: Final = N_("Attach the file again.")
ATTACH_PART: Final = N_("Attach only the part you need.")
CHECK_ADDRESS: Final = N_("Check the base URL in {provider_page} (usually ending in /v1).")
CHECK_ADDRESS_OR_SWITCH: Final = N_(
    "Check the base URL in {provider_page}, or choose another provider."
)
CHECK_ADDRESS_OR_SIGN_IN: Final = N_(
    "Check the base URL in {provider_page} or your network’s sign-in page."
)
CHECK_CONFIGURATION: Final = N_("Check its configuration.")
CHECK_ENVIRONMENT_PROXY: Final = N_("Check HTTPS_PROXY and ALL_PROXY, or {network_page}.")
CHECK_ENVIRONMENT_PROXY_KIND: Final = N_(
    "Try http:// or socks5:// in HTTPS_PROXY or in {network_page}."
)
CHECK_FILE: Final = N_("Check that it exists and that you can read it, then try again.")
CHECK_NAME_AND_PERMISSIONS: Final = N_("Check its name and permissions.")
CHECK_SERVER: Final = N_("Check its configuration in {servers_page}.")
CHECK_SLOW_SERVER: Final = N_("Try again, or check its configuration in {servers_page}.")
CHECK_SERVER_ADDRESS: Final = N_("Check that it’s running, and its address in {servers_page}.")
CHOOSE_ANOTHER: Final = N_("Choose another.")
CHOOSE_CERTIFICATES: Final = N_("On a company network, choose its certificate in {network_page}.")
CHOOSE_LOCATION: Final = N_("Choose another location.")
CHOOSE_MODEL: Final = N_("Choose another model.")
CHOOSE_OTHER_MODEL: Final = N_("Choose another file in {provider_page}, or use the built-in model.")
CHOOSE_PROVIDER: Final = N_("Choose another provider.")
CONTINUE: Final = N_("Select Continue to resume.")
ENTER_KEY_AGAIN: Final = N_("Enter it again in {provider_page}.")
ENTER_CLIENT_ID: Final = N_(
    "Register an app at the service with the redirect address {redirect}, then enter its client ID "
    "in {servers_page}."
)
ENTER_PRICE: Final = N_("Enter it in {models_window}, or use it anyway.")
ENTER_SERVER_VALUES: Final = N_("Enter them again in {servers_page}.")
EXPORT_AGAIN: Final = N_("Export it again from the original app.")
FREE_SPACE_FOR_COPY: Final = N_("Free up {size} MB, then try again.")
INSTALL_LIBRARY: Final = N_("Install the missing library with your system’s package manager.")
LIST_AVAILABLE: Final = N_("Available: {known}.")
RAISE_CAP: Final = N_("Raise the limit in {provider_page}, or wait until {day}.")
READ_IN_PARTS: Final = N_("Send it in a conversation to read it in parts.")
REMOVE_ATTACHMENT: Final = N_("Remove an attachment or start a new conversation.")
REPAIR_LIBRARY: Final = N_("Repair it or restore a backup in {data_page}.")
RESTORE_BACKUP: Final = N_("To replace your library with it, restore it in {data_page}.")
RETRY_BILLED: Final = N_("Try again, but you may be charged twice.")
RETRY_CHANGED: Final = N_("Change the message or the settings, then try again.")
RETRY_LATER: Final = N_("Try again later, or choose another provider.")
RETRY_SOON: Final = N_("Wait a moment, then try again.")
SHORTEN: Final = N_("Remove an attachment, start a new conversation, or choose another model.")
SIGN_IN: Final = N_("Sign in to it in {servers_page}.")
TYPE_MODEL: Final = N_("Enter the model’s name in {network_page}.")
USE_REFERENCES: Final = N_("Use environment variables, as {example}.")
USE_REGULAR: Final = N_("Use a regular conversation.")
TURN_OFF_CODE: Final = N_(
    "Turn off “Give to code” in the attachment’s menu, or choose another provider."
)
WAIT_A_DAY: Final = N_("Wait more than a day, or choose another provider.")
WAIT_FOR_ROOM: Final = N_(
    "Wait until they have ended, lower “Maximum output tokens” in {advanced_page}, or raise the "
    "limit in {provider_page}."
)

ANOTHER_PROVIDER: Final = frozenset(
    {
        ADD_CREDIT,
        ASK_SHORTER,
        CHECK_ADDRESS_OR_SWITCH,
        CHOOSE_MODEL,
        CHOOSE_PROVIDER,
        RETRY_LATER,
        TURN_OFF_CODE,
        WAIT_A_DAY,
    }
)
"""The hints that name another provider or model: answers with them have a button for it."""
