use std::process::ExitCode;

/// Prints rows as they come, and counts the targets that were missed.
#[derive(Default)]
pub(crate) struct Report {
    missed: u32,
    met: u32,
}

impl Report {
    pub(crate) fn heading(&mut self, title: &str) {
        println!("\n## {title}\n");
        println!("| what | target | measured | met |");
        println!("| --- | --- | --- | --- |");
    }

    /// A figure that must not be above `target`.
    pub(crate) fn at_most(
        &mut self,
        what: &str,
        target: f64,
        measured: f64,
        unit: &str,
        detail: &str,
    ) {
        let met = measured <= target;
        self.count(met);
        let word = if met { "yes" } else { "**no**" };
        println!("| {what} | <= {target}{unit} | {measured:.3}{unit}{detail} | {word} |");
    }

    /// A ratio that must not be below `target`.
    pub(crate) fn at_least(&mut self, what: &str, target: f64, measured: f64, detail: &str) {
        let met = measured >= target;
        self.count(met);
        let word = if met { "yes" } else { "**no**" };
        println!("| {what} | >= {target} | {measured:.3}{detail} | {word} |");
    }

    /// A figure without a target of its own.
    pub(crate) fn figure(&mut self, what: &str, measured: &str) {
        println!("| {what} | | {measured} | |");
    }

    fn count(&mut self, met: bool) {
        match met {
            true => self.met += 1,
            false => self.missed += 1,
        }
    }

    pub(crate) fn finish(self) -> ExitCode {
        println!("\n{} targets met, {} missed", self.met, self.missed);
        ExitCode::SUCCESS
    }
}
