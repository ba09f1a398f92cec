-- Statements that two engines should answer alike: every function that is translated is in one of them.

SELECT * FROM m.t;

SELECT i / j AS a, i % j AS b, i / 2 AS c, -i / 2 AS e, f / j AS g, f / 0 AS h FROM m.t;

SELECT i + j AS a, i * p AS b, p + p AS c, p - 1.5 AS e, f * 1.5 AS g, -p AS h, 2 * f AS k FROM m.t;

SELECT s, sum(i) AS a, sum(j) AS b, avg(i) AS c, sum(p) AS e, min(s) AS g, max(z) AS h, count(*) AS k,
  count(f) AS l, count(DISTINCT s) AS m FROM m.t GROUP BY s;

SELECT sum(f) AS a, avg(f) AS b, stddev(f) AS c, stddev_pop(f) AS e, variance(j) AS g, corr(f, CAST(i AS double)) AS h,
  covar_samp(f, f) AS k, covar_pop(f, f) AS r, var_pop(j) AS t, bool_and(b) AS n, bool_or(b) AS o, count_if(b)
  AS q FROM m.t WHERE f < 10;

SELECT d, d + INTERVAL '1' MONTH AS a, d - INTERVAL '1' DAY AS b, date_add('month', 1, d) AS c,
  date_add('day', -3, ts) AS e, date_trunc('week', d) AS g, date_trunc('hour', ts) AS h, date_trunc('day', z)
  AS q, year(d) AS k, month(d) AS l, day(d) AS m, day_of_week(d) AS n, date_diff('day', DATE '2026-01-01', d)
  AS o FROM m.t;

SELECT CAST(i AS varchar) AS a, CAST(d AS varchar) AS b, CAST(p AS double) AS c, CAST(j AS decimal(10, 3)) AS
  e, CAST('2026-01-02' AS date) AS g, TIMESTAMP '2026-01-02 03:04:05.123' AS h,
  TIMESTAMP '2026-01-02 03:04:05 UTC' AS k, CAST(p AS bigint) AS l, CAST(p AS decimal(10, 1)) AS m, CAST(b AS varchar) AS n, CAST(ts AS date)
  AS o, TRY_CAST(j AS smallint) AS q FROM m.t WHERE p < 1000;

SELECT lower(s) AS a, upper(s) AS b, length(s) AS c, replace(s, 'a', 'xx') AS e, s || 'x' AS g, concat(s, '-',
  s) AS h, s LIKE 'a%' AS k, s > 'a' AS l FROM m.t;

SELECT coalesce(i, -1) AS a, nullif(j, 2) AS b, if(b, 1, 2) AS c, CASE WHEN f > 0 THEN 'p' ELSE 'n' END AS e,
  greatest(i, j) AS g, least(f, 1) AS h, b OR i IS NULL AS k, NOT b AS l, i IN (7, 0) AS m FROM m.t;

SELECT abs(i) AS a, abs(p) AS b, floor(f) AS c, ceil(f) AS e, round(f) AS g, exp(j) AS h, ln(j) AS k, sqrt(j)
  AS l, power(j, 2) AS m FROM m.t;

SELECT i, row_number() OVER (ORDER BY i DESC) AS a, rank() OVER (ORDER BY b) AS c, dense_rank() OVER (ORDER BY
  b) AS e, lag(i) OVER (ORDER BY d) AS g, lead(i, 2, 0) OVER (ORDER BY d) AS h, ntile(2) OVER (ORDER BY d) AS
  k, first_value(s) OVER (ORDER BY d) AS l, sum(j) OVER (ORDER BY d ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
  AS m, avg(j) OVER (PARTITION BY b ORDER BY d) AS n, last_value(s) OVER (ORDER BY d) AS o FROM m.t;

SELECT i FROM m.t ORDER BY i DESC LIMIT 3;

SELECT i FROM m.t ORDER BY s, i NULLS FIRST LIMIT 2;

WITH w AS (SELECT b, max(i) AS m FROM m.t GROUP BY b) SELECT t.s, w.m FROM m.t LEFT JOIN w ON w.b = t.b AND
  w.m > 0;

SELECT s FROM m.t EXCEPT SELECT 'a' AS s;

SELECT s FROM m.t AS o WHERE EXISTS (SELECT 1 AS x FROM m.t AS n WHERE n.i = o.i + 7);

SELECT b, s, count(*) AS n FROM m.t GROUP BY GROUPING SETS ((b), (s), ());

SELECT :text AS a, :whole AS b, :part AS c, :yes AS e, DATE :day AS g FROM m.t LIMIT :limit;
