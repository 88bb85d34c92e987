"""What the feature contributes below the window."""

from desktop_app.domain.stored_table import STAYS, Effect
from desktop_app.features import CommandPlaces, Core
from desktop_app.i18n.translation import N_
from desktop_app.settings.setting import Group, Setting, Unit

CORE = Core(
    window="local_model.ui.feature.FEATURE",
    commands={
        f"models {word}": CommandPlaces(
            f"local_model.arguments.{word}_arguments", "local_model.command.run_local_models"
        )
        for word in ("list", "get", "remove")
    },
    parts={
        "local_models": "local_model.services.local_models",
        "model_store": "local_model.services.model_store",
    },
    settings=(
        Setting("local_model.weights", "", N_("Local model file"), Group.KEPT),
        Setting(
            "local_model.context",
            None,
            N_("Context window"),
            Group.LOCAL_MODEL,
            N_("By default, as large as the free memory allows."),
            is_advanced=True,
            stops=(2048, 4096, 8192, 16_384, 32_768, 65_536, 131_072),
            unit=Unit.TOKENS,
            unset_label=N_("Automatic"),
        ),
        Setting(
            "local_model.threads",
            None,
            N_("Processor threads"),
            Group.LOCAL_MODEL,
            N_("By default, all processor cores but one."),
            is_advanced=True,
            stops=(1, 2, 3, 4, 6, 8, 12, 16, 24, 32),
            unset_label=N_("Automatic"),
        ),
        Setting(
            "local_model.idle_minutes",
            10,
            N_("Minutes until an idle model is unloaded"),
            Group.LOCAL_MODEL,
            N_("Frees its memory. 0 keeps it loaded."),
            is_advanced=True,
            stops=(0, 1, 5, 10, 30, 60, 240),
        ),
    ),
    setting_effects={
        (Effect.PLAIN, STAYS): "local_model.context local_model.threads local_model.idle_minutes",
        (Effect.LISTED, STAYS): "local_model.weights",
    },
)
