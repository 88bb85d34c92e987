; The setup program for one user: no administrator is asked. Built by packaging/build-windows.sh with
;   makensis -DVERSION=… -DSOURCE=FOLDER -DOUTPUT=FILE -DICON=FILE
Target amd64-unicode
SetCompressor /SOLID lzma
RequestExecutionLevel user
Name "Repartee"
OutFile "${OUTPUT}"
InstallDir "$LOCALAPPDATA\Programs\Repartee"
InstallDirRegKey HKCU "Software\Repartee" "Folder"
Icon "${ICON}"
UninstallIcon "${ICON}"
ShowInstDetails nevershow

!include MUI2.nsh
!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
!define MUI_FINISHPAGE_RUN "$INSTDIR\repartee-window.exe"
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"
!insertmacro MUI_LANGUAGE "German"
!insertmacro MUI_LANGUAGE "French"
!insertmacro MUI_LANGUAGE "Dutch"
!insertmacro MUI_LANGUAGE "Norwegian"
!insertmacro MUI_LANGUAGE "Polish"
!insertmacro MUI_LANGUAGE "Spanish"
!insertmacro MUI_LANGUAGE "Hebrew"
!insertmacro MUI_LANGUAGE "Italian"
!insertmacro MUI_LANGUAGE "Japanese"
!insertmacro MUI_LANGUAGE "PortugueseBR"
!insertmacro MUI_LANGUAGE "SimpChinese"
LangString DELETE_DATA ${LANG_ENGLISH} "Also delete your conversations, documents and settings? They cannot be restored."
LangString DELETE_DATA ${LANG_GERMAN} "Auch Ihre Unterhaltungen, Dokumente und Einstellungen löschen? Sie lassen sich nicht wiederherstellen."
LangString DELETE_DATA ${LANG_FRENCH} "Supprimer aussi vos conversations, documents et paramètres ? Ils ne pourront pas être restaurés."
LangString DELETE_DATA ${LANG_DUTCH} "Ook uw gesprekken, documenten en instellingen verwijderen? Ze zijn niet te herstellen."
LangString DELETE_DATA ${LANG_NORWEGIAN} "Slette samtalene, dokumentene og innstillingene dine også? De kan ikke gjenopprettes."
LangString DELETE_DATA ${LANG_POLISH} "Usunąć też rozmowy, dokumenty i ustawienia? Nie można ich przywrócić."
LangString DELETE_DATA ${LANG_SPANISH} "¿Eliminar también sus conversaciones, documentos y ajustes? No se podrán recuperar."
LangString DELETE_DATA ${LANG_HEBREW} "למחוק גם את השיחות, המסמכים וההגדרות? לא ניתן יהיה לשחזר אותם."
LangString DELETE_DATA ${LANG_ITALIAN} "Eliminare anche conversazioni, documenti e impostazioni? Non potranno essere ripristinati."
LangString DELETE_DATA ${LANG_JAPANESE} "会話、文書、設定も削除しますか？復元することはできません。"
LangString DELETE_DATA ${LANG_PORTUGUESEBR} "Excluir também as conversas, os documentos e as configurações? Não será possível restaurá-los."
LangString DELETE_DATA ${LANG_SIMPCHINESE} "同时删除对话、文档和设置吗？删除后无法恢复。"

!define PROGRAM "$INSTDIR\repartee-window.exe"
!define CLASSES "Software\Classes"
!define UNINSTALL "Software\Microsoft\Windows\CurrentVersion\Uninstall\Repartee"
!define PATHS "Software\Microsoft\Windows\CurrentVersion\App Paths\repartee.exe"

; Offers Repartee under "Open with" for files with this ending, without becoming their program.
!macro OpenWith ENDING
  WriteRegStr HKCU "${CLASSES}\Applications\repartee-window.exe\SupportedTypes" "${ENDING}" ""
!macroend

Section
  ; An older version may have files that this one lacks.
  RMDir /r "$INSTDIR\python"
  SetOutPath "$INSTDIR"
  File /r "${SOURCE}/*"
  WriteUninstaller "$INSTDIR\uninstall.exe"
  CreateShortcut "$SMPROGRAMS\Repartee.lnk" "${PROGRAM}"

  WriteRegStr HKCU "Software\Repartee" "Folder" "$INSTDIR"
  WriteRegStr HKCU "${PATHS}" "" "$INSTDIR\repartee.exe"
  WriteRegStr HKCU "${CLASSES}\repartee" "" "URL:Repartee"
  WriteRegStr HKCU "${CLASSES}\repartee" "URL Protocol" ""
  WriteRegStr HKCU "${CLASSES}\repartee\DefaultIcon" "" "${PROGRAM},0"
  WriteRegStr HKCU "${CLASSES}\repartee\shell\open\command" "" '"${PROGRAM}" "%1"'
  WriteRegStr HKCU "${CLASSES}\Applications\repartee-window.exe" "FriendlyAppName" "Repartee"
  WriteRegStr HKCU "${CLASSES}\Applications\repartee-window.exe\shell\open\command" "" '"${PROGRAM}" "%1"'
  !insertmacro OpenWith ".csv"
  !insertmacro OpenWith ".docx"
  !insertmacro OpenWith ".eml"
  !insertmacro OpenWith ".epub"
  !insertmacro OpenWith ".html"
  !insertmacro OpenWith ".jpeg"
  !insertmacro OpenWith ".jpg"
  !insertmacro OpenWith ".md"
  !insertmacro OpenWith ".odt"
  !insertmacro OpenWith ".pdf"
  !insertmacro OpenWith ".png"
  !insertmacro OpenWith ".pptx"
  !insertmacro OpenWith ".rtf"
  !insertmacro OpenWith ".txt"
  !insertmacro OpenWith ".xlsx"

  WriteRegStr HKCU "${UNINSTALL}" "DisplayName" "Repartee"
  WriteRegStr HKCU "${UNINSTALL}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${UNINSTALL}" "DisplayIcon" "${PROGRAM},0"
  WriteRegStr HKCU "${UNINSTALL}" "Publisher" "Repartee contributors"
  WriteRegStr HKCU "${UNINSTALL}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKCU "${UNINSTALL}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKCU "${UNINSTALL}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  WriteRegDWORD HKCU "${UNINSTALL}" "NoModify" 1
  WriteRegDWORD HKCU "${UNINSTALL}" "NoRepair" 1
SectionEnd

Section "Uninstall"
  ; Only what the setup program wrote: the user may have chosen a folder with other files.
  RMDir /r "$INSTDIR\python"
  Delete "$INSTDIR\repartee.exe"
  Delete "$INSTDIR\repartee-window.exe"
  Delete "$INSTDIR\licences.txt"
  Delete "$INSTDIR\repartee.cdx.json"
  Delete "$INSTDIR\uninstall.exe"
  RMDir "$INSTDIR"
  Delete "$SMPROGRAMS\Repartee.lnk"
  DeleteRegKey HKCU "Software\Repartee"
  DeleteRegKey HKCU "${PATHS}"
  DeleteRegKey HKCU "${CLASSES}\repartee"
  DeleteRegKey HKCU "${CLASSES}\Applications\repartee-window.exe"
  DeleteRegKey HKCU "${UNINSTALL}"
  DeleteRegValue HKCU "Software\Microsoft\Windows\CurrentVersion\Run" "io.github.repartee.Repartee"
  ; Without a user who answers, the data stays.
  MessageBox MB_YESNO|MB_ICONQUESTION|MB_DEFBUTTON2 "$(DELETE_DATA)" /SD IDNO IDNO keep
  RMDir /r "$LOCALAPPDATA\repartee"
  keep:
SectionEnd
