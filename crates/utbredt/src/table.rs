//! Answers on standard output, messages on standard error.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the one place that writes to the terminal")]

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};

/// One line of output.
pub(crate) fn line(text: &str) {
    println!("{text}");
}

/// One line to the person, not into the pipe.
pub(crate) fn message(text: &str) {
    eprintln!("{text}");
}

/// Rows as a table or as CSV.
pub(crate) fn print(batches: &[RecordBatch], format: &str) -> anyhow::Result<()> {
    match format {
        "csv" => {
            let mut writer = arrow::csv::Writer::new(std::io::stdout());
            batches.iter().try_for_each(|batch| writer.write(batch))?;
        }
        "table" => {
            let mut table = comfy_table::Table::new();
            table.load_preset(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
            let options = FormatOptions::default();
            for batch in batches {
                table.set_header(batch.schema().fields().iter().map(|f| f.name().clone()));
                let columns: Vec<ArrayFormatter<'_>> = batch
                    .columns()
                    .iter()
                    .map(|c| ArrayFormatter::try_new(c, &options))
                    .collect::<Result<_, _>>()?;
                for row in 0..batch.num_rows() {
                    table.add_row(columns.iter().map(|c| c.value(row).to_string()));
                }
            }
            println!("{table}");
        }
        other => anyhow::bail!("there is no format `{other}`; table and csv are there"),
    }
    Ok(())
}
