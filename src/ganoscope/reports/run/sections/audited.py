"""The scorecard of an audit of the run: every question with its outcome and verdict."""

from ganoscope.audits.scorecard import load_scorecard
from ganoscope.reports.audit.scorecard_text import ORDER, OUTCOMES, describe_comparison, describe_weights
from ganoscope.reports.kit.content import Chapter, Section, Table
from ganoscope.reports.run.artefacts import Sources


def make_chapter(sources: Sources) -> Chapter | None:
    """Returns the chapter on the audit of the run; None where there is none.

    Raises:
        UserError: The scorecard is damaged.
    """
    if sources.audit.value is None:
        return None
    card = load_scorecard(sources.audit.value)
    entries = [entry for outcome in ORDER for entry in card.entries if entry.outcome == outcome]
    rows = tuple((entry.question, OUTCOMES[entry.outcome], entry.verdict) for entry in entries)
    text = f"Audit of {card.date} UTC. {describe_comparison(card.subject)} {describe_weights(card.subject)}"
    table = Table("Every question with its outcome", ("Question", "Outcome", "Verdict"), rows, words=True)
    advice = (card.advice,) if card.advice else ()
    return Chapter("audit", "Audit", (Section((text, *advice), (table,)),))
