"""What a model puts around a passage, and replies that are no text for it."""

from __future__ import annotations

import pytest

from desktop_app.texts.passage_reply import (
    Change,
    Plan,
    Problem,
    Refusal,
    cleaned_reply,
    is_about_something_else,
    is_refusal,
    plan_change,
    reply_edits,
)

PASSAGE = "The moon pulls the water strongly."
CHANGED = "The moon pulls water."


@pytest.mark.parametrize(
    "reply",
    [
        f"```markdown\n{CHANGED}\n```",
        f"~~~\n{CHANGED}\n~~~",
        f"Here it is:\n\n```\n{CHANGED}\n```\n\nLet me know!",
        f"Sure! Here is the shorter version:\n\n{CHANGED}",
        f"Here's the passage: {CHANGED}",
        f"Sure, I made it shorter.\n\n{CHANGED}",
        f"**Here is the passage:** {CHANGED}",
        f"Natürlich! Hier ist die kürzere Fassung:\n\n{CHANGED}",
        f"¡Claro! Aquí está la versión corta:\n{CHANGED}",
        f"Bien sûr ! Voici la version courte :\n\n{CHANGED}",
        f"בטח! הנה הגרסה הקצרה:\n\n{CHANGED}",
        f"Certo! Ecco la versione breve:\n\n{CHANGED}",
        f"もちろんです。以下が短い文です：\n\n{CHANGED}",
        f"Selvfølgelig! Her er den korte versjonen:\n\n{CHANGED}",
        f"Natuurlijk! Hier is de korte versie:\n\n{CHANGED}",
        f"Oczywiście! Oto krótsza wersja:\n\n{CHANGED}",
        f"Claro! Aqui está a versão curta:\n\n{CHANGED}",
        f"好的，以下是修改后的段落：\n{CHANGED}",
        *(
            f"{CHANGED}\n\n{closing}"
            for closing in (
                "Let me know if you'd like any changes!",
                "---\n\n*I hope this helps! Let me know if it should be shorter.*",
                "Would you like me to shorten the rest, too?",
                "Sag einfach Bescheid, wenn du noch Änderungen möchtest.",
                "Soll ich noch etwas ändern?",
                "¿Quieres que lo acorte más?",
                "Espero que te sirva. Avísame si quieres cambios.",
                "N’hésitez pas à me dire si vous souhaitez autre chose.",
                "מקווה שזה עוזר!",
                "Fammi sapere se vuoi altre modifiche.",
                "修正が必要でしたらお知らせください。",
                "Gi meg beskjed hvis du vil endre noe.",
                "Laat het me weten als je iets anders wilt.",
                "Daj mi znać, jeśli chcesz coś zmienić.",
                "Me avise se quiser mais alterações.",
                "如果您需要进一步修改，请告诉我。",
            )
        ),
        f'"{CHANGED}"',
        f"“{CHANGED}”",
        f"„{CHANGED}“",
        f"<passage-971173430858>\n{CHANGED}\n</passage-971173430858>",
        CHANGED,
    ],
)
def test_what_a_model_puts_around_a_passage_is_taken_off(reply: str) -> None:
    assert cleaned_reply(PASSAGE, reply) == CHANGED
    plan = plan_change(PASSAGE, Change(PASSAGE, reply))
    assert isinstance(plan, Plan)
    assert plan.groups == reply_edits(PASSAGE, CHANGED)


@pytest.mark.parametrize(
    ("passage", "reply"),
    [
        ("```\nls\n```", "```\nls -l\n```"),
        ("Run this:", "Run this:\n\n```\nls\n```"),
        ("“It rises.”", "“It falls.”"),
        ("He came, she said.", '"He came," she said. "Now."'),
        ("Here is the list: sea, moon.", "Here is the list: sea, sun."),
        ("Sure, we come.\n\nBye", "Sure, we will come.\n\nBye"),
        ("The reason is this: rain.", "The reason: rain."),
        ("Hi Bo,\n\nLet me know if it fits.", "Hello Bo,\n\nLet me know if this suits you."),
        ("It rises. I hope it helps.", "It rises.\nI hope this helps."),
    ],
)
def test_what_belongs_to_the_text_stays(passage: str, reply: str) -> None:
    assert cleaned_reply(passage, reply) == reply


@pytest.mark.parametrize(
    ("passage", "reply", "is_shown"),
    [
        (PASSAGE, "I’m sorry, but I can’t help with that.", True),
        (PASSAGE, "I cannot assist with this request.", True),
        (PASSAGE, "Es tut mir leid, dabei kann ich nicht helfen.", True),
        (PASSAGE, "Ik kan je daar niet bij helpen.", True),
        (PASSAGE, "Désolé, je ne peux pas vous aider.", True),
        (PASSAGE, "抱歉，我无法协助处理这个请求。", True),
        ("Unfortunately we cannot come to your party.", "I’m sorry, we cannot come.", False),
        ("I’m sorry that I cannot come.", "I’m sorry, I can’t.", False),
        (PASSAGE, CHANGED, False),
        ("The moon pulls the water strongly and then it falls back again.", "What next?", True),
        ("Utilize it.", "Use this.", False),
    ],
)
def test_a_reply_that_is_no_text_for_the_passage_is_known(
    passage: str, reply: str, is_shown: bool
) -> None:
    assert (is_refusal(passage, reply) or is_about_something_else(passage, reply)) is is_shown


@pytest.mark.parametrize(
    ("old", "new", "refusal"),
    [
        ("The moon pulls", "The moon pulls", Problem.UNCHANGED),
        ('He said "so', "He said “so", Problem.UNCHANGED),
        ("The Moon", "It", Problem.ABSENT),
        ("the", "a", Problem.AMBIGUOUS),
        ("The moon pulls", "I’m sorry, but I can’t help with that.", Problem.REFUSAL),
    ],
)
def test_a_change_without_a_place_is_refused(old: str, new: str, refusal: Problem) -> None:
    text = "The moon pulls the water to the shore. He said “so”."
    assert plan_change(text, Change(old, new)) == Refusal(refusal)


def test_a_rewritten_paragraph_is_decided_change_by_change() -> None:
    old = "Alex is write to his friend and copys the letter on tuesday. So it goes."
    new = "Alex is writing to his friend and copies the letter on Tuesday. So it went."
    plan = plan_change(f"{old}\n\nG.", Change(old, new))
    assert isinstance(plan, Plan)
    words = [[edit.text for edit in group] for group in plan.groups]
    assert words == [["writing"], ["copies"], ["Tuesday"], ["went"]]


def test_the_white_space_that_a_model_changes_in_a_passage_changes() -> None:
    plan = plan_change("One\n\n\nTwo", Change("One\n\n\n", "One\n\n"))
    assert isinstance(plan, Plan)
    assert plan.groups
