"""The microphones and loudspeakers of this computer."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtMultimedia import QAudioDevice, QAudioFormat, QMediaDevices

from desktop_app.voice.messages import Devices


def all_devices() -> Devices:
    inputs, outputs = QMediaDevices.audioInputs(), QMediaDevices.audioOutputs()
    return Devices(_names(inputs), _names(outputs))


def device_of(devices: Iterable[QAudioDevice], name: str) -> QAudioDevice | None:
    """Return the device of a name; None if it was unplugged, or if the name is ""."""
    return next((device for device in devices if name == device.description()), None)


def sound_format(rate: int) -> QAudioFormat:
    """Return the format of sound of 16 bits and one channel."""
    look = QAudioFormat()
    look.setSampleRate(rate)
    look.setChannelCount(1)
    look.setSampleFormat(QAudioFormat.SampleFormat.Int16)
    return look


def _names(devices: Iterable[QAudioDevice]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(device.description() for device in devices))
