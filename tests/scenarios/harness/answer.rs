//! What a client got back.

/// An HTTP answer, or an SMTP reply.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// HTTP status or SMTP code; 0 when there was no answer.
    pub(crate) code: u16,
    /// Header lines, lower case.
    pub(crate) head: String,
    /// Body or reply text.
    pub(crate) body: String,
}

impl Answer {
    /// The request went through and the destination answered.
    #[track_caller]
    pub(crate) fn is_delivered(&self) -> &Self {
        assert!(matches!(self.code, 200 | 250), "not delivered: {self:?}");
        self
    }

    /// Policy said no, with a decision number to quote.
    #[track_caller]
    pub(crate) fn is_refused(&self) -> &Self {
        assert!(matches!(self.code, 403 | 550), "not refused: {self:?}");
        self.decision();
        self
    }

    #[track_caller]
    pub(crate) fn has_code(&self, code: u16) -> &Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }

    #[track_caller]
    pub(crate) fn says(&self, words: &str) -> &Self {
        assert!(self.body.contains(words), "does not say {words:?}: {self:?}");
        self
    }

    #[track_caller]
    pub(crate) fn does_not_say(&self, words: &str) -> &Self {
        assert!(!self.body.contains(words) && !self.head.contains(words), "says it: {self:?}");
        self
    }

    /// A header line such as `content-type: text/html`, compared in lower case by its beginning.
    #[track_caller]
    pub(crate) fn has_header(&self, line: &str) -> &Self {
        assert!(self.head.lines().any(|l| l.starts_with(line)), "no header {line:?}: {self:?}");
        self
    }

    /// The value of a header.
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> String {
        let value = self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        value.unwrap_or_else(|| panic!("no header {name}: {self:?}")).trim().to_owned()
    }

    /// The decision number quoted.
    #[track_caller]
    pub(crate) fn decision(&self) -> String {
        let words = self.body.split(|c: char| !c.is_ascii_hexdigit() && c != '-');
        let is_id = |word: &&str| word.len() == 36 && word.matches('-').count() == 4;
        words.map(str::trim).find(is_id).unwrap_or_else(|| panic!("quotes no decision: {self:?}")).to_owned()
    }
}
