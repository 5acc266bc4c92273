//! What is wrong with a file somebody wrote: every problem with its place, the line, a caret and what to do.
//!
//! It does not know what the files mean; `draft` and the checks of policy and settings say that.

use std::fmt;
use std::ops::Range;

/// How many problems of one file are told. A file with more is not being read by a person.
const TOLD_MAX: usize = 100;
/// Characters of a source line that are shown.
const LINE_SHOWN_MAX: usize = 160;

/// One problem of a file, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable code such as `P014`.
    pub code: &'static str,
    /// Error or warning.
    pub is_error: bool,
    /// What is wrong, in English.
    pub message: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Characters the carets stand under; at least 1 and all on `line`.
    pub length: usize,
    /// The line itself, cut around the place when it is very long.
    pub source: String,
    /// Where in `source` the first caret stands, in characters from 0.
    pub caret: usize,
    /// Short remark beside the carets, such as "did you mean `bhyt`?".
    pub label: Option<String>,
    /// What to do.
    pub help: Option<String>,
}

/// Everything wrong with a file, at once. `Display` renders all with line, caret and suggestion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics {
    /// File name as given.
    pub file: String,
    /// Errors and warnings in the order of the file; of very many only the first found, and one that says so.
    pub list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// How many errors are listed.
    pub fn errors(&self) -> usize {
        self.list.iter().filter(|d| d.is_error).count()
    }

    /// How many warnings are listed.
    pub fn warnings(&self) -> usize {
        self.list.len() - self.errors()
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

impl std::error::Error for Diagnostics {}

/// All problems, then one line that counts them. Nothing at all when there is none.
impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for d in &self.list {
            let kind = if d.is_error { "error" } else { "warning" };
            let gutter = d.line.to_string().len();
            writeln!(f, "{kind}[{}]: {}", d.code, d.message)?;
            writeln!(f, "{:gutter$}--> {}:{}:{}", "", self.file, d.line, d.column)?;
            writeln!(f, "{} | {}", d.line, d.source)?;
            // A tab before the caret stays a tab, so that the caret stands under its character.
            let pad: String = d.source.chars().take(d.caret).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
            write!(f, "{:gutter$} | {pad}{}", "", "^".repeat(d.length))?;
            match &d.label {
                Some(label) => writeln!(f, " {label}")?,
                None => writeln!(f)?,
            }
            if let Some(help) = &d.help {
                writeln!(f, "{:gutter$} = {help}", "")?;
            }
            writeln!(f)?;
        }
        if self.list.is_empty() {
            return Ok(());
        }
        let count = |n: usize, noun: &str| format!("{n} {noun}{}", if n == 1 { "" } else { "s" });
        writeln!(f, "{}: {}, {}", self.file, count(self.errors(), "error"), count(self.warnings(), "warning"))
    }
}

macro_rules! problems {
    ($($variant:ident $number:literal $what:literal;)*) => {
        /// What can be wrong. The numbers are stable: a number is never reused for something else.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Problem {
            $(#[doc = $what] $variant,)*
        }

        impl Problem {
            /// The code in this kind of file.
            pub(crate) const fn code(self, kind: FileKind) -> &'static str {
                match (self, kind) {
                    $((Self::$variant, FileKind::Policy) => concat!("P", $number),
                      (Self::$variant, FileKind::Settings) => concat!("S", $number),)*
                }
            }
        }

        /// The number of every code with what it means, for the manual.
        pub const CODES: &[(&str, &str)] = &[$(($number, $what),)*];
    };
}

problems! {
    Syntax "001" "Not TOML.";
    UnknownKey "002" "A key that does not exist here.";
    WrongType "003" "A value of the wrong type.";
    Missing "004" "A key that must be there is missing.";
    EmptyList "005" "A list, text or table that must not be empty.";
    OutOfRange "006" "A number outside its range.";
    UnknownWord "007" "A word that is not one of those possible here.";
    BadFormat "008" "A text that is not an address, network, host, path or the like.";
    DuplicateId "009" "Two things of the same name.";
    BadId "010" "A name with characters a name cannot have.";
    UnknownGroup "011" "A group that is not defined.";
    Conflict "012" "Two keys that contradict each other.";
    UnknownApp "013" "An application that is not in the table of applications.";
    UnknownDetector "014" "A detector that does not exist.";
    NeverMatches "015" "A rule that can never match or never act.";
    MatchesAll "016" "A rule without conditions.";
    Shadowed "017" "A rule that another rule makes pointless.";
    Overlap "018" "The same host or network in two zones.";
    Schema "019" "A schema this build does not read.";
    NothingToRedact "020" "A redaction that does not say what to redact.";
    Unused "021" "Something defined and never used.";
    NotText "022" "Bytes that are not UTF-8.";
    NoEffect "023" "A setting without effect.";
    Unsafe "024" "A setting that opens more than it should.";
    Untold "025" "More problems than are told.";
}

/// Which file it is: decides the letter of the codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// `P0xx`.
    Policy,
    /// `S0xx`.
    Settings,
}

/// A problem about to be told.
pub(crate) struct Note {
    problem: Problem,
    is_error: bool,
    span: Range<usize>,
    message: String,
    label: Option<String>,
    help: Option<String>,
}

impl Note {
    /// The file cannot be used.
    pub(crate) fn error(problem: Problem, span: Range<usize>, message: impl Into<String>) -> Self {
        Self { problem, is_error: true, span, message: message.into(), label: None, help: None }
    }

    /// Probably not what the author meant.
    pub(crate) fn warning(problem: Problem, span: Range<usize>, message: impl Into<String>) -> Self {
        Self { is_error: false, ..Self::error(problem, span, message) }
    }

    /// A remark beside the carets.
    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// "did you mean …?" when one of `known` is near `word`.
    pub(crate) fn suggest<'a>(mut self, word: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        if let Some(near) = nearest(word, known) {
            self.label = Some(format!("did you mean `{near}`?"));
        }
        self
    }

    /// What to do.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// The known word nearest to `word`, if one is near enough to be meant.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // The comparison is quadratic in the length of the words; no known word is longer than this.
    if word.len() > 64 {
        return None;
    }
    let word = word.to_lowercase();
    let near = |k: &str| {
        let transposed = strsim::osa_distance(&word, k) <= 1 + k.chars().count() / 5;
        (if transposed { 1.0 } else { 0.0 }) + strsim::jaro_winkler(&word, k)
    };
    let (score, best) = known.into_iter().map(|k| (near(k), k)).max_by(|a, b| a.0.total_cmp(&b.0))?;
    (score > 0.86).then_some(best)
}

/// Collects the problems of one text and finds their places.
pub(crate) struct Report<'t> {
    text: &'t str,
    kind: FileKind,
    line_starts: Vec<usize>,
    /// Syntax errors were found: what is missing may have been lost by the recovery, so it is not told.
    broken: bool,
    list: Vec<(usize, Diagnostic)>,
    untold: usize,
    has_errors: bool,
}

impl<'t> Report<'t> {
    pub(crate) fn new(text: &'t str, kind: FileKind) -> Self {
        // A byte-order mark is not a character of the first line.
        let first = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let line_starts = std::iter::once(first).chain(text.match_indices('\n').map(|(i, _)| i + 1)).collect();
        Self { text, kind, line_starts, broken: false, list: Vec::new(), untold: 0, has_errors: false }
    }

    /// Takes the errors of the TOML parser.
    pub(crate) fn syntax(&mut self, errors: &[toml::de::Error]) {
        for error in errors {
            let span = error.span().unwrap_or(self.text.len()..self.text.len());
            self.push(Note::error(Problem::Syntax, span, error.message()));
        }
        self.broken = !errors.is_empty();
    }

    /// Adds a problem.
    pub(crate) fn push(&mut self, note: Note) {
        // After a syntax error, whole keys may be lost: complaints that follow from the loss would mislead.
        let may_follow =
            matches!(note.problem, Problem::Missing | Problem::EmptyList | Problem::UnknownGroup | Problem::Unused);
        if self.broken && may_follow {
            return;
        }
        let (line, column, start) = self.place(note.span.start);
        if self.broken && self.list.iter().any(|(_, d)| d.line == line && d.code == Problem::Syntax.code(self.kind)) {
            return;
        }
        self.has_errors |= note.is_error;
        if self.list.len() >= TOLD_MAX {
            self.untold += 1;
            return;
        }
        self.tell(note, (line, column, start));
    }

    fn tell(&mut self, note: Note, (line, column, start): (usize, usize, usize)) {
        let (source, caret) = self.line(line, column - 1);
        let end = note.span.end.min(self.text.len());
        let marked = self.text.get(start..end).unwrap_or_default();
        let marked = marked.lines().next().unwrap_or_default().chars().count();
        let length = marked.min(source.chars().count().saturating_sub(caret)).max(1);
        let Note { problem, is_error, span, message, label, help } = note;
        let code = problem.code(self.kind);
        let diagnostic = Diagnostic { code, is_error, message, line, column, length, source, caret, label, help };
        self.list.push((span.start, diagnostic));
    }

    /// Whether anything told so far is an error.
    pub(crate) fn has_errors(&self) -> bool {
        self.has_errors
    }

    /// The problems in the order of the file.
    pub(crate) fn finish(mut self, file: &str) -> Diagnostics {
        self.list.sort_by_key(|(at, _)| *at);
        if self.untold > 0 {
            let end = self.text.len()..self.text.len();
            let message = format!("{} more problems are not shown", self.untold);
            // An error may be among them, so it counts as one when the file has any.
            let note = Note { is_error: self.has_errors, ..Note::warning(Problem::Untold, end, message) };
            self.tell(note.help("mend those above first"), self.place(self.text.len()));
        }
        let list = self.list.into_iter().map(|(_, d)| d).collect();
        Diagnostics { file: file.to_owned(), list }
    }

    /// Line (from 1) of a byte.
    pub(crate) fn line_of(&self, at: usize) -> usize {
        self.place(at).0
    }

    /// Line and column (from 1) of a byte, and the byte at the start of its character.
    fn place(&self, at: usize) -> (usize, usize, usize) {
        let mut at = at.min(self.text.len()).max(self.line_starts.first().copied().unwrap_or(0));
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        let line = self.line_starts.partition_point(|s| *s <= at);
        let start = self.line_starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let column = self.text.get(start..at).unwrap_or_default().chars().count() + 1;
        (line, column, at)
    }

    /// The text of a line, made printable and cut around `column` (from 0); and where that column stands in it.
    fn line(&self, line: usize, column: usize) -> (String, usize) {
        let start = self.line_starts.get(line - 1).copied().unwrap_or(self.text.len());
        let whole = self.text.get(start..).unwrap_or_default().lines().next().unwrap_or_default();
        // A file may hold terminal escapes; a diagnostic must not carry them out.
        let printable = |c: char| if c.is_control() && c != '\t' { '\u{fffd}' } else { c };
        let skip = column.saturating_sub(LINE_SHOWN_MAX / 2);
        let shown: String = whole.chars().skip(skip).take(LINE_SHOWN_MAX).map(printable).collect();
        if skip == 0 { (shown, column) } else { (format!("…{shown}"), column - skip + 1) }
    }
}

/// The text of a file, or what to tell when its bytes are not UTF-8. `is_policy` chooses the letter of the code.
///
/// # Errors
/// One diagnostic at the first byte that is wrong.
pub fn text_of<'b>(bytes: &'b [u8], file: &str, is_policy: bool) -> Result<&'b str, Diagnostics> {
    str::from_utf8(bytes).map_err(|error| {
        let (good, _) = bytes.split_at(error.valid_up_to());
        let text = str::from_utf8(good).unwrap_or_default();
        let kind = if is_policy { FileKind::Policy } else { FileKind::Settings };
        let mut report = Report::new(text, kind);
        let message = format!("byte {} of the file is not UTF-8", error.valid_up_to() + 1);
        let help = "save the file as UTF-8 (Notepad: Save as, Encoding: UTF-8)";
        report.push(Note::error(Problem::NotText, text.len()..text.len(), message).help(help));
        report.finish(file)
    })
}
