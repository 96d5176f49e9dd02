//! What a section found, and the page that is made of it. Knows nothing of how things are measured.

use std::fmt::Write as _;

/// Measurements of one quantity, one per round.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    pub(crate) fn push(&mut self, value: f64) {
        self.0.push(value);
        self.0.sort_by(f64::total_cmp);
    }

    pub(crate) fn min(&self) -> f64 {
        self.0.first().copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn max(&self) -> f64 {
        self.0.last().copied().unwrap_or(f64::NAN)
    }

    /// What this part of the samples does not exceed.
    pub(crate) fn part(&self, part: f64) -> f64 {
        let place = (self.0.len() as f64 * part).ceil() as usize;
        self.0.get(place.saturating_sub(1)).copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn median(&self) -> f64 {
        let middle = self.0.len() / 2;
        match (self.0.get(middle), self.0.len() % 2) {
            (None, _) => f64::NAN,
            (Some(value), 1) => *value,
            (Some(value), _) => f64::midpoint(*value, self.0.get(middle - 1).copied().unwrap_or(*value)),
        }
    }

    /// `minimum / median`, as the tables print it.
    pub(crate) fn shown(&self) -> String {
        format!("{} / {}", figure(self.min()), figure(self.median()))
    }
}

impl FromIterator<f64> for Samples {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        let mut samples = Self::default();
        values.into_iter().for_each(|value| samples.push(value));
        samples
    }
}

/// Three digits that count, thousands set apart.
pub(crate) fn figure(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        "–".to_owned()
    } else if size >= 1_000.0 {
        let digits = format!("{value:.0}");
        let mut shown = String::new();
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) && !shown.ends_with('-') {
                shown.push(',');
            }
            shown.push(digit);
        }
        shown
    } else if size >= 100.0 {
        format!("{value:.0}")
    } else if size >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

/// Rows under a head.
pub(crate) struct Table {
    title: String,
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(title: impl Into<String>, head: &[&str]) -> Self {
        Self { title: title.into(), head: head.iter().map(ToString::to_string).collect(), rows: Vec::new() }
    }

    pub(crate) fn row<S: Into<String>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    fn write(&self, page: &mut String) {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        // The first column says what it is, the others are figures.
        let rule: Vec<String> =
            (0..self.head.len()).map(|column| if column == 0 { "---" } else { "--:" }.to_owned()).collect();
        if !self.title.is_empty() {
            let _ = writeln!(page, "**{}**\n", self.title);
        }
        page.push_str(&line(&self.head));
        page.push_str(&line(&rule));
        for row in &self.rows {
            page.push_str(&line(row));
        }
        page.push('\n');
    }
}

/// What we want of a figure, and what it is.
pub(crate) struct Goal {
    pub(crate) work: String,
    pub(crate) wanted: String,
    pub(crate) measured: String,
    pub(crate) met: bool,
}

/// One subject.
#[derive(Default)]
pub(crate) struct Section {
    pub(crate) title: &'static str,
    /// How it was measured, and what a reader must know to judge it.
    pub(crate) method: String,
    pub(crate) tables: Vec<Table>,
    pub(crate) goals: Vec<Goal>,
}

impl Section {
    pub(crate) fn goal(&mut self, work: &str, goal: impl Into<String>, measured: impl Into<String>, met: bool) {
        self.goals.push(Goal { work: work.to_owned(), wanted: goal.into(), measured: measured.into(), met });
    }
}

/// The whole page.
pub(crate) fn page(facts: &[(String, String)], sections: &[Section]) -> String {
    let mut page = String::from(
        "# What the benches measured\n\n\
         Written by `make bench`; `docs/benchmarks.md` tells the method. Absolute figures belong to this machine and \
         hour; the ratios between neighbours of one table are what counts. Where a cell has two figures they are the \
         minimum and the median over the rounds; goals and ratios look at medians.\n\n",
    );
    let mut about = Table::new("", &["machine and versions", ""]);
    for (name, value) in facts {
        about.row([name, value]);
    }
    about.write(&mut page);
    page.push_str("## Goals\n\n");
    let mut goals = Table::new("", &["work", "goal", "measured", ""]);
    for goal in sections.iter().flat_map(|section| &section.goals) {
        let met = if goal.met { "met" } else { "**missed**" };
        goals.row([goal.work.as_str(), &goal.wanted, &goal.measured, met]);
    }
    goals.write(&mut page);
    for section in sections {
        let _ = writeln!(page, "## {}\n\n{}\n", section.title, section.method);
        section.tables.iter().for_each(|table| table.write(&mut page));
    }
    format!("{}\n", page.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits_that_count() {
        for (value, shown) in
            [(0.1234, "0.12"), (12.34, "12.3"), (123.4, "123"), (1234.5, "1,234"), (1_234_567.0, "1,234,567")]
        {
            assert_eq!(figure(value), shown);
        }
        assert_eq!(figure(f64::NAN), "–");
    }

    #[test]
    fn a_median_of_even_many_lies_between() {
        assert_eq!([4.0, 1.0, 3.0, 2.0].into_iter().collect::<Samples>().shown(), "1.00 / 2.50");
    }
}
