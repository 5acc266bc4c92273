//! An open mail transaction: what MAIL and RCPT have said and the next hop has accepted.

use super::mail::MailFrom;
use super::rcpt::RcptTo;

/// An open mail transaction.
#[derive(Clone)]
pub(super) struct Transaction {
    /// MAIL.
    pub(super) from: MailFrom,
    /// Every RCPT that was accepted here and by the next hop.
    pub(super) to: Vec<RcptTo>,
}

impl Transaction {
    /// What the envelope may tell besides where the mail goes. An address is a destination and no finding, but
    /// either half of it can be made to carry a number, and parameters any text.
    pub(super) fn telling_fields(&self) -> Vec<(&'static str, &str)> {
        const DIGITS_MIN: usize = 9;
        let is_telling = |text: &str| text.bytes().filter(u8::is_ascii_digit).count() >= DIGITS_MIN;
        let recipients = self.to.iter().flat_map(|to| to.path.halves().map(|half| ("envelope recipient", half)));
        let parameters = self.from.passed.iter().chain(self.to.iter().flat_map(|to| &to.passed));
        let sender = self.from.path.halves().map(|half| ("envelope sender", half));
        sender
            .into_iter()
            .chain(recipients)
            .chain(parameters.map(|parameter| ("envelope parameter", parameter.as_str())))
            .filter(|(_, value)| is_telling(value))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::ehlo::Offers;

    #[test]
    fn only_what_can_hold_a_number_is_looked_at() {
        let offers = Offers { dsn: true, ..Offers::default() };
        let from = MailFrom::parse("<an@x.example> ENVID=CCCD+20001090123456", &offers, true, 0).expect("a path");
        let to = ["<b@x.example>", "<b001090123456@x.example>", "<b@x001090123456.example>"];
        let to = to.map(|text| RcptTo::parse(text, &offers, true, false).expect("a path")).to_vec();
        let telling = Transaction { from, to };
        let expected = [
            ("envelope recipient", "b001090123456"),
            ("envelope recipient", "x001090123456.example"),
            ("envelope parameter", "ENVID=CCCD+20001090123456"),
        ];
        assert_eq!(telling.telling_fields(), expected);
    }
}
