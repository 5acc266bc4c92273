//! Takes a mail from the client up to its final dot: inspected and held as it arrives, in bounded memory.
//!
//! Nothing of it goes to the next hop here; that connection is only kept alive meanwhile.

use tokio::time::Instant;

use super::data::{BadData, DataReader};
use super::dkim::Signers;
use super::downstream::Downstream;
use super::header::HeaderFilter;
use super::limits::{Limits, SLOWEST_BYTES_PER_SECOND};
use super::reply::{OneLine, Reply};
use super::wire::{Lost, Wire};
use crate::gate::Intake;

/// How the arrival of a mail ended.
pub(super) enum Received {
    /// Complete and well formed: the mail, and what its header tells besides.
    Whole(Box<Intake>, Heard),
    /// Read to its end, and refused whatever it says.
    Unacceptable(Flaw),
    /// It stopped before its end.
    Cut(Lost),
}

/// What the header of a mail tells about it.
pub(super) struct Heard {
    /// As sent.
    pub(super) subject: Vec<u8>,
    pub(super) signers: Signers,
    pub(super) is_automatic: bool,
}

/// Why a mail is refused whatever it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    Bad(BadData),
    TooLarge,
    Looping,
    /// It could not be held: the gateway's fault.
    NotHeld,
}

impl Flaw {
    /// What the client is told.
    pub(super) fn reply(self) -> OneLine {
        match self {
            Self::Bad(BadData::BareNewline) => {
                Reply::line(550, "5.5.2 Bare CR or LF in the message; lines must end in CR LF")
            }
            Self::Bad(BadData::Nul) => Reply::line(550, "5.6.0 NUL in the message"),
            Self::Bad(BadData::LineTooLong) => Reply::line(550, "5.6.0 Line too long in the message"),
            Self::TooLarge => Reply::line(552, "5.3.4 Message larger than this server takes"),
            Self::Looping => Reply::line(554, "5.4.6 Too many hops"),
            Self::NotHeld => Reply::line(451, "4.3.0 The message could not be held, try again later"),
        }
    }

    /// The reason id in the record.
    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Bad(BadData::BareNewline) => "bare-newline",
            Self::Bad(BadData::Nul) => "nul",
            Self::Bad(BadData::LineTooLong) => "line-too-long",
            Self::TooLarge => "too-large",
            Self::Looping => "mail-loop",
            Self::NotHeld => "not-held",
        }
    }
}

/// Reads the mail behind our 354.
pub(super) async fn receive(
    client: &mut Wire,
    downstream: &mut Downstream,
    mut arriving: Arriving,
    limits: &Limits,
) -> Received {
    let mut patience = Patience::new(limits);
    loop {
        let n = {
            let bytes = client.take_pending();
            if let Some(end) = arriving.take(&bytes) {
                client.put_back(bytes.get(end..).unwrap_or_default());
                return arriving.finish();
            }
            bytes.len()
        };
        if let Err(lost) = patience.fill(client, downstream, n).await {
            return Received::Cut(lost);
        }
    }
}

/// Reads one chunk behind its BDAT: into the mail, or to nowhere. A chunk is read to its end whatever becomes of the
/// mail, or what it holds would be commands.
pub(super) async fn receive_chunk(
    client: &mut Wire,
    downstream: &mut Downstream,
    mut arriving: Option<&mut Arriving>,
    chunk_bytes: u64,
    limits: &Limits,
) -> Result<(), Lost> {
    let (mut patience, mut left) = (Patience::new(limits), chunk_bytes);
    loop {
        let n = {
            let bytes = client.take_pending();
            let n = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
            let (chunk, rest) = bytes.split_at(n);
            if let Some(arriving) = &mut arriving {
                arriving.take(chunk);
            }
            left -= n as u64;
            if left == 0 {
                client.put_back(rest);
                return Ok(());
            }
            n
        };
        patience.fill(client, downstream, n).await?;
    }
}

/// How long a mail may take to arrive.
struct Patience {
    limits: Limits,
    began: Instant,
    next_keep_alive: Instant,
    bytes: u64,
}

impl Patience {
    fn new(limits: &Limits) -> Self {
        let began = Instant::now();
        Self { limits: *limits, began, next_keep_alive: began + limits.keep_alive, bytes: 0 }
    }

    /// Waits for more, `n` bytes having come since it was last called; meanwhile the next hop is kept awake.
    async fn fill(&mut self, client: &mut Wire, downstream: &mut Downstream, n: usize) -> Result<(), Lost> {
        self.bytes = self.bytes.saturating_add(n as u64);
        // However it is dripped, a mail that arrives more slowly than this does not occupy us for ever.
        let slowest = std::time::Duration::from_secs(self.bytes / SLOWEST_BYTES_PER_SECOND);
        let until = (Instant::now() + self.limits.client_block).min(self.began + self.limits.slow_after + slowest);
        loop {
            match client.fill(until.min(self.next_keep_alive)).await {
                Err(Lost::TimeOut) if Instant::now() < until => {
                    downstream.keep_alive().await;
                    self.next_keep_alive = Instant::now() + self.limits.keep_alive;
                }
                filled => return filled,
            }
        }
    }
}

/// A mail that is arriving.
pub(super) struct Arriving {
    reader: DataReader,
    header: HeaderFilter,
    /// Given back as soon as the mail is known to be refused.
    intake: Option<Intake>,
    flaw: Option<Flaw>,
    bytes: u64,
    size_max: u64,
}

impl Arriving {
    pub(super) fn new(reader: DataReader, intake: Intake, size_max: u64) -> Self {
        Self { reader, header: HeaderFilter::new(), intake: Some(intake), flaw: None, bytes: 0, size_max }
    }

    /// Why it will be refused, as far as is known.
    pub(super) fn flaw(&self) -> Option<Flaw> {
        self.flaw
    }

    /// Takes bytes as they came; how many of them belong to the mail, when it ends in them.
    fn take(&mut self, bytes: &[u8]) -> Option<usize> {
        // No buffer of its own: most sessions wait for more most of the time.
        let mut unstuffed = Vec::with_capacity(bytes.len());
        let end = self.reader.read(bytes, &mut unstuffed);
        self.pass_on(unstuffed, end.is_some());
        end
    }

    /// The last chunk is over.
    pub(super) fn end(mut self) -> Received {
        let mut unstuffed = Vec::new();
        self.reader.end(&mut unstuffed);
        self.pass_on(unstuffed, true);
        self.finish()
    }

    /// What was read goes to the intake.
    fn pass_on(&mut self, unstuffed: Vec<u8>, is_end: bool) {
        self.bytes = self.bytes.saturating_add(unstuffed.len() as u64);
        if let Some(bad) = self.reader.bad() {
            self.refuse(Flaw::Bad(bad));
        }
        if self.bytes > self.size_max {
            self.refuse(Flaw::TooLarge);
        }
        if let Some(intake) = &mut self.intake {
            let kept = if self.header.is_over() {
                unstuffed
            } else {
                let mut kept = Vec::with_capacity(unstuffed.len());
                self.header.push(&unstuffed, &mut kept);
                if is_end {
                    self.header.end(&mut kept);
                }
                kept
            };
            if self.header.is_looping() {
                self.refuse(Flaw::Looping);
            } else if intake.push(&kept).is_err() {
                self.refuse(Flaw::NotHeld);
            }
        }
    }

    fn refuse(&mut self, flaw: Flaw) {
        self.flaw.get_or_insert(flaw);
        self.intake = None;
    }

    fn finish(self) -> Received {
        match (self.flaw, self.intake) {
            (None, Some(intake)) => {
                let heard = Heard {
                    subject: self.header.subject().to_vec(),
                    signers: self.header.signers().clone(),
                    is_automatic: self.header.is_automatic(),
                };
                Received::Whole(Box::new(intake), heard)
            }
            (flaw, _) => Received::Unacceptable(flaw.unwrap_or(Flaw::NotHeld)),
        }
    }
}
