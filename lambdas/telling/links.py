"""What is said and counted of links of the audit chain."""

from collections.abc import Sequence

from lambdas.instruments import Instruments
from quantos.contracts.audit import ChainLink
from quantos.observability.metric_names import AUDIT_LINKS


def tell_links(instruments: Instruments, links: Sequence[ChainLink]) -> None:
    """New links of the audit chain; those of plans and outcomes are about their decisions."""
    instruments.count(AUDIT_LINKS, len(links))
    for link in links:
        record = link.record
        extra = {"link": link.sequence, "chain": link.chain, "record_id": record.record_id, "kind": record.kind}
        sequence = record.body.get("sequence")
        if isinstance(sequence, int):
            with instruments.about(record.subject, sequence):
                instruments.logger.info("link appended", extra=extra)
        else:
            instruments.logger.info("link appended", extra=extra)
