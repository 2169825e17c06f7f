//! A table as an XLSX file. Every cell is written as the text, number or day that it is; nothing is ever a formula or a link.

use chrono::{Datelike, NaiveDate};
use rust_xlsxwriter::{
    ColNum, Color, ExcelDateTime, Format, FormatAlign, FormatBorder, RowNum, Workbook, Worksheet, XlsxError,
};

use crate::error::{Error, Result};
use crate::register::facts::types::Fact;

use super::guide::GUIDE;
use super::table::{Kind, Table};

/// How a day is shown.
const DAY_FORMAT: &str = "dd/mm/yyyy";
/// The format of texts: what is typed into such a cell stays as typed, zeros in front included.
const TEXT_FORMAT: &str = "@";
/// Columns that stay in sight: the number and the name.
const FROZEN_COLUMNS: u16 = 2;
/// Width of the guide's two columns, characters.
const GUIDE_WIDTHS: [u16; 2] = [30, 100];
/// Colour behind headings: visible on paper too.
const HEADING_COLOUR: Color = Color::RGB(0x00E8_F0E8);

/// Whether a sheet explains the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WithGuide {
    /// It does: the workbook is filled in and imported again.
    Yes,
    /// The list is for reading.
    No,
}

/// The file's bytes. It takes a second for 10,000 rows, so it belongs off the web workers.
pub(super) fn write(table: &Table, guide: WithGuide) -> Result<Vec<u8>> {
    draw(table, guide).map_err(Error::internal)
}

fn draw(table: &Table, guide: WithGuide) -> std::result::Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    draw_table(workbook.add_worksheet(), table)?;
    if guide == WithGuide::Yes {
        draw_guide(workbook.add_worksheet())?;
    }
    workbook.save_to_buffer()
}

fn heading_format() -> Format {
    Format::new()
        .set_bold()
        .set_background_color(HEADING_COLOUR)
        .set_border_bottom(FormatBorder::Thin)
        .set_align(FormatAlign::VerticalCenter)
        .set_text_wrap()
}

fn draw_table(sheet: &mut Worksheet, table: &Table) -> std::result::Result<(), XlsxError> {
    let (text_format, day_format) =
        (Format::new().set_num_format(TEXT_FORMAT), Format::new().set_num_format(DAY_FORMAT));
    sheet.set_name(table.name)?;
    for (column, heading) in (0..).zip(&table.headings) {
        sheet.set_column_width(column, heading.width)?;
        match heading.kind {
            Kind::Text => drop(sheet.set_column_format(column, &text_format)?),
            Kind::Day => drop(sheet.set_column_format(column, &day_format)?),
            Kind::Number => {}
        }
        sheet.write_string_with_format(0, column, heading.text, &heading_format())?;
    }
    for (row, cells) in (1..).zip(&table.rows) {
        for (column, cell) in (0..).zip(cells) {
            match cell {
                None => {}
                Some(Fact::Text(text)) => {
                    sheet.write_string_with_format(row, column, text, &text_format)?;
                }
                Some(Fact::Number(number)) => {
                    sheet.write_number(row, column, *number)?;
                }
                Some(Fact::Day(day)) => write_day(sheet, row, column, *day, &day_format)?,
            }
        }
    }
    sheet.set_freeze_panes(1, FROZEN_COLUMNS)?;
    Ok(())
}

fn write_day(
    sheet: &mut Worksheet,
    row: RowNum,
    column: ColNum,
    day: NaiveDate,
    format: &Format,
) -> std::result::Result<(), XlsxError> {
    let part = |n: u32| u8::try_from(n).unwrap_or_default();
    let year = u16::try_from(day.year()).unwrap_or_default();
    let moment = ExcelDateTime::from_ymd(year, part(day.month()), part(day.day()))?;
    sheet.write_datetime_with_format(row, column, &moment, format)?;
    Ok(())
}

fn draw_guide(sheet: &mut Worksheet) -> std::result::Result<(), XlsxError> {
    let wrapped = Format::new().set_text_wrap().set_align(FormatAlign::Top);
    sheet.set_name("Hướng dẫn")?;
    for (column, (width, heading)) in (0..).zip(GUIDE_WIDTHS.into_iter().zip(["Cột", "Cách điền"])) {
        sheet.set_column_width(column, width)?;
        sheet.write_string_with_format(0, column, heading, &heading_format())?;
    }
    for (row, (column, sentence)) in (1..).zip(GUIDE) {
        sheet.write_string_with_format(row, 0, column.vi(), &wrapped)?;
        sheet.write_string_with_format(row, 1, *sentence, &wrapped)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    Ok(())
}
