//! The detector ids of the contract and the confidence a finding carries.

use std::fmt;

macro_rules! detector_ids {
    ($($variant:ident $id:literal $identifier:literal $doc:literal;)*) => {
        /// What a detector looks for. The names are a contract: policy files, audit records and `chot scan --json`
        /// use them. Adding one is a line here and a room in `detectors/`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum DetectorId {
            $(#[doc = $doc] $variant,)*
        }

        impl DetectorId {
            /// Every id, in the order of the contract.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name in policy files, records and output.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// Whether this is one of the *identifiers*: a number or code that names one person, the thing the
            /// gateway exists to stop. `identifier` in a policy stands for all of them.
            pub const fn is_identifier(self) -> bool {
                match self { $(Self::$variant => $identifier,)* }
            }
        }
    };
}

detector_ids! {
    Cccd "cccd" true "Căn cước công dân: the 12-digit citizen and personal identification number.";
    Cmnd "cmnd" true "Chứng minh nhân dân: the old 9-digit identity card number.";
    Bhxh "bhxh" true "Mã số bảo hiểm xã hội: the 10-digit social insurance number.";
    Bhyt "bhyt" true "Mã thẻ bảo hiểm y tế: the 15-character health insurance card number.";
    Mst "mst" false "Mã số thuế: tax code of 10 or 13 digits, today mostly of organisations.";
    Passport "passport" true "Hộ chiếu: a letter and seven digits.";
    DriverLicence "driver_licence" false "Giấy phép lái xe: 12 digits.";
    Phone "phone" false "Vietnamese telephone number.";
    BankAccount "bank_account" false "Bank account number.";
    Email "email" false "Mail address.";
    PersonName "person_name" false "Name of a person.";
    DateOfBirth "date_of_birth" false "Date or year of birth.";
    Address "address" false "Postal address.";
    Plate "plate" false "Vehicle plate.";
    Household "household" false "Mã hộ gia đình: household code.";
    Dossier "dossier" false "Dossier, document or transaction number: negative context, never personal by itself.";
    CccdQr "cccd_qr" true "The text in the QR code of a citizen card.";
    BhytQr "bhyt_qr" true "The text in the QR code of a health insurance card.";
    Mrz "mrz" true "Machine-readable zone of a citizen card (TD1, IDVNM).";
    ClaimRecord "claim_record" false "A record of a health-insurance claim file.";
    StateSecret "state_secret" false "Marking of a state secret: MẬT, TỐI MẬT, TUYỆT MẬT.";
    Diagnosis "diagnosis" false "Diagnosis: an ICD-10 code with its words.";
    CardImage "card_image" false "Picture of an identity, insurance or licence card, told by its looks.";
}

impl DetectorId {
    /// The detector of this name.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|d| d.id() == id)
    }

    /// All identifiers ([`Self::is_identifier`]).
    pub fn identifiers() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|d| d.is_identifier())
    }
}

impl fmt::Display for DetectorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

/// How sure a detector is. Policy counts `Medium` and `High`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// The shape fits, nothing speaks for it: reported, never counted by a policy.
    Low,
    /// More likely than not.
    Medium,
    /// Structure and context agree.
    High,
}

impl Confidence {
    /// The name in records and output.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_lead_back() {
        for (n, id) in DetectorId::ALL.iter().enumerate() {
            assert_eq!(DetectorId::from_id(id.id()), Some(*id));
            assert!(DetectorId::ALL.iter().skip(n + 1).all(|other| other.id() != id.id()));
        }
        assert_eq!(DetectorId::from_id("bhtx"), None);
    }

    #[test]
    fn the_identifiers_are_those_of_the_contract() {
        let ids: Vec<_> = DetectorId::identifiers().map(DetectorId::id).collect();
        assert_eq!(ids, ["cccd", "cmnd", "bhxh", "bhyt", "passport", "cccd_qr", "bhyt_qr", "mrz"]);
    }
}
