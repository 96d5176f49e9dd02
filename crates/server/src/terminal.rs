//! Writing to the terminal and reading from it: data on stdout, everything else on stderr, a reader that has gone away
//! is no error.

use std::{
    io::{self, BufRead, IsTerminal, Write},
    thread,
    time::Duration,
};

use tokio::sync::mpsc;

/// Writes lines of data to stdout, at once.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// Tells the person at the terminal something that is no data.
pub(crate) fn tell(text: &str) {
    // Without a stderr there is nobody to tell.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Shows a prompt, without ending the line.
pub(crate) fn prompt(text: &str) {
    let mut err = io::stderr().lock();
    let _ = write!(err, "{text}").and_then(|()| err.flush());
}

/// True when a person types the input and reads the output.
pub(crate) fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// True when messages on stderr may be coloured.
pub(crate) fn may_colour() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// True for the error of writing to a pipe whose reader has gone, as `| head` does.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|io| io.kind() == io::ErrorKind::BrokenPipe))
}

/// A time for people, in the largest unit that gives a whole number.
pub(crate) fn in_words(time: Duration) -> String {
    let seconds = time.as_secs();
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    // Two days are told in days, a single one in hours.
    let fits = |(unit, _): &&(u64, &str)| seconds.is_multiple_of(*unit) && seconds / unit > 1;
    let (unit, word) = units.iter().find(fits).unwrap_or(&(1, "second"));
    let number = seconds / unit;
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}

/// The lines of stdin, without their ends, read only as fast as they are taken.
pub(crate) struct Lines(mpsc::Receiver<io::Result<String>>);

impl Lines {
    /// Begins to read.
    pub(crate) fn read() -> Self {
        let (sender, receiver) = mpsc::channel(1);
        // A thread of its own: nothing waits for it when the program ends in the middle of a line.
        thread::spawn(move || {
            let mut input = io::stdin().lock();
            loop {
                let mut bytes = Vec::new();
                let line = match input.read_until(b'\n', &mut bytes) {
                    Ok(0) => return,
                    Ok(_) => Ok(text_of_line(&bytes)),
                    Err(error) => Err(error),
                };
                if sender.blocking_send(line).is_err() {
                    return;
                }
            }
        });
        Self(receiver)
    }

    /// The next line; `None` at the end.
    pub(crate) async fn next(&mut self) -> io::Result<Option<String>> {
        self.0.recv().await.transpose()
    }
}

/// A line as text; bytes that are no text become `�`.
pub(crate) fn text_of_line(bytes: &[u8]) -> String {
    let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_line_is_no_part_of_it() {
        assert_eq!(text_of_line(b"a b\r\n"), "a b");
        assert_eq!(text_of_line(b"a\n"), "a");
        assert_eq!(text_of_line(b"last"), "last");
        assert_eq!(text_of_line(b"\xff!\n"), "\u{fffd}!");
    }

    #[test]
    fn times_have_a_unit_that_fits() {
        let words = |seconds| in_words(Duration::from_secs(seconds));
        assert_eq!(words(86_400), "24 hours");
        assert_eq!(words(7 * 86_400), "7 days");
        assert_eq!(words(5_400), "90 minutes");
        assert_eq!(words(61), "61 seconds");
        assert_eq!(words(1), "1 second");
    }
}
