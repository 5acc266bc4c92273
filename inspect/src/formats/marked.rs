//! Documents that are markup from their first byte to their last.

use super::Stream;
use crate::inquiry::Inquiry;
use crate::markup::{Markup, Reader};

/// A document and what reads it.
pub(crate) struct Marked<R> {
    markup: Markup,
    reader: R,
    end: fn(R, &mut Inquiry),
}

impl<R: Reader + Send> Marked<R> {
    /// `end` is told when the document ends.
    pub(crate) fn new(markup: Markup, reader: R, end: fn(R, &mut Inquiry)) -> Self {
        Self { markup, reader, end }
    }
}

impl<R: Reader + Send> Stream for Marked<R> {
    fn block(&mut self, bytes: &[u8], at: u64, inquiry: &mut Inquiry) {
        self.markup.block(bytes, at, &mut self.reader, inquiry);
    }

    fn finish(mut self: Box<Self>, inquiry: &mut Inquiry) {
        self.markup.finish(&mut self.reader, inquiry);
        (self.end)(self.reader, inquiry);
    }
}
