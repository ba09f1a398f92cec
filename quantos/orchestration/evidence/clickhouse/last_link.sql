-- Where each generation of the chain was loaded to.
SELECT chain, max(sequence) AS last, argMax(digest, sequence) AS last_digest
FROM quantos.audit_links
GROUP BY chain
FORMAT JSONEachRow
