"""Voice: dictation, transcription and reading aloud, in a child process that starts on first use.

`messages` has what the two processes say to each other, `voice_process` is the window's end, and
`child` the other one, which alone loads Qt's sound, the detection of speech and the transcription.
Recordings are read by a child of their own, with the same form of messages: a stranger may have
made them, so it is confined, and a confined process reaches no sound server.
"""
