/* view
doc = "The rows of usage that each period counts, with their days in it. A row that lies in two periods gives each the part of its days, and the parts add up to it."
uses = ["touching_rows"]
*/
SELECT
    touching_rows.period_start,
    touching_rows.to_date,
    touching_rows.policy_id,
    touching_rows.solution_id,
    touching_rows.measure_id,
    touching_rows.municipality_code,
    touching_rows.division_date,
    touching_rows.part_start AS row_start,
    touching_rows.part_end AS period_end,
    split_by_weight(
        touching_rows.value,
        CAST(touching_rows.part_start AS INT) - CAST(touching_rows.row_start AS INT),
        CAST(touching_rows.part_end AS INT) - CAST(touching_rows.row_start AS INT),
        CAST(touching_rows.row_end AS INT) - CAST(touching_rows.row_start AS INT)
    ) AS value,
    touching_rows.state,
    touching_rows.marks
    | mark(
        'split_by_days',
        touching_rows.part_start > touching_rows.row_start OR touching_rows.part_end < touching_rows.row_end
    ) AS marks,
    touching_rows.rollup
FROM touching_rows
WHERE touching_rows.counted
