/* Starts Repartee with the Python beside it, with the arguments of this program.

   It is compiled twice: repartee.exe is for terminals and waits for the end of the command;
   repartee-window.exe (-DWINDOW) opens the window, and no console. */
#include <windows.h>
#include <stdio.h>
#include <wchar.h>

#ifdef WINDOW
#define PYTHON L"pythonw.exe"
#else
#define PYTHON L"python.exe"
#endif
#define LONGEST_COMMAND 32768 /* Windows's own limit */

/* Return the command line after the name of this program. */
static const wchar_t *arguments(void) {
    const wchar_t *rest = GetCommandLineW();
    const wchar_t end = *rest == L'"' ? L'"' : L' ';
    if (end == L'"') rest++;
    while (*rest && *rest != end) rest++;
    return *rest == L'"' ? rest + 1 : rest;
}

/* Leave Ctrl+C to the command: it ends by itself, and has something to say. */
static BOOL WINAPI ignore(DWORD event) {
    return event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT;
}

int wmain(void) {
    static wchar_t folder[LONGEST_COMMAND], command[LONGEST_COMMAND];
    STARTUPINFOW startup = {.cb = sizeof startup};
    PROCESS_INFORMATION child;
    DWORD code = 0;
    GetModuleFileNameW(NULL, folder, LONGEST_COMMAND);
    *wcsrchr(folder, L'\\') = 0;
    int length = swprintf(command, LONGEST_COMMAND,
        L"\"%ls\\python\\" PYTHON L"\" -E -P -s -X utf8 "
        L"\"%ls\\python\\Lib\\site-packages\\desktop_app\\__main__.py\"%ls",
        folder, folder, arguments());
    if (length < 0) return 1;
    SetConsoleCtrlHandler(ignore, TRUE);
    if (!CreateProcessW(NULL, command, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &child)) {
        fwprintf(stderr, L"repartee: %ls\\python cannot be started (error %lu).\n", folder,
            GetLastError());
        return 1;
    }
#ifndef WINDOW
    WaitForSingleObject(child.hProcess, INFINITE);
    GetExitCodeProcess(child.hProcess, &code);
#endif
    return (int)code;
}
