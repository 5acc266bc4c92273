//! What a table header, JSON key, XML tag or form field name announces about the values under it.
//!
//! Only the vocabulary: reading a header is [`crate::Detectors::column`]'s business, counting people is the caller's.

use chot_model::DetectorId;

/// What a table header, JSON key, XML tag or form field name announces about the values under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Column {
    /// Citizen number: `Số CCCD`, `SO_CCCD`, `Số định danh cá nhân`.
    Cccd,
    /// Old identity card number: `Số CMND`.
    Cmnd,
    /// Identity papers of either kind, sometimes a passport: `Số CCCD/CMND`, `Số giấy tờ`.
    IdNumber,
    /// Social insurance number: `Mã số BHXH`. Newer lists carry the 12-digit citizen number here.
    Bhxh,
    /// Health insurance card: `Mã thẻ BHYT`.
    Bhyt,
    /// Passport: `Số hộ chiếu`.
    Passport,
    /// Driving licence: `Số GPLX`.
    DriverLicence,
    /// Telephone: `Số điện thoại`.
    Phone,
    /// Tax code: `Mã số thuế`. Newer lists of persons carry the 12-digit citizen number here.
    Tax,
    /// Bank account: `Số tài khoản`.
    Bank,
    /// Whole name of a person: `Họ và tên`.
    Name,
    /// Surname, with or without the middle name: `Họ`, `Họ đệm`.
    Surname,
    /// Given name, with or without the middle name: `Tên`.
    GivenName,
    /// Date of birth: `Ngày sinh`.
    BirthDate,
    /// Year of birth: `Năm sinh`.
    BirthYear,
    /// Sex: `Giới tính`.
    Sex,
    /// Address or a part of one: `Địa chỉ`, `Nơi thường trú`.
    Address,
    /// Household code: `Mã hộ gia đình`.
    Household,
    /// Row number: `STT`.
    RowNumber,
    /// Health or diagnosis: `Chẩn đoán`, `MA_BENH`.
    Health,
    /// Vehicle plate: `Biển số xe`.
    Plate,
    /// Mail address: `Email`.
    Email,
    /// Grade of a state secret: `Độ mật`.
    Secrecy,
    /// Link between the tables of a claim file: `MA_LK`.
    Claim,
    /// Nothing of what the numbers are: `Số`, `Giá trị`. The rows decide.
    Neutral,
    /// A number some office gives to people: `Mã bệnh nhân`, `Mã khách hàng`. Some take the citizen number for it, which
    /// the rows tell.
    Record,
    /// Numbers that belong to nobody: orders, waybills, invoices, bar codes, amounts, moments, devices.
    Negative,
}

impl Column {
    /// Every column, for tests and documentation.
    pub const ALL: &[Self] = &[
        Self::Cccd,
        Self::Cmnd,
        Self::IdNumber,
        Self::Bhxh,
        Self::Bhyt,
        Self::Passport,
        Self::DriverLicence,
        Self::Phone,
        Self::Tax,
        Self::Bank,
        Self::Name,
        Self::Surname,
        Self::GivenName,
        Self::BirthDate,
        Self::BirthYear,
        Self::Sex,
        Self::Address,
        Self::Household,
        Self::RowNumber,
        Self::Health,
        Self::Plate,
        Self::Email,
        Self::Secrecy,
        Self::Claim,
        Self::Neutral,
        Self::Record,
        Self::Negative,
    ];

    /// The detector whose values stand under this header when nothing about a cell says otherwise; `None` for
    /// headers no detector answers to. `IdNumber` gives `cccd`: a cell of nine digits is still reported as `cmnd`.
    pub const fn detector(self) -> Option<DetectorId> {
        Some(match self {
            Self::Cccd | Self::IdNumber => DetectorId::Cccd,
            Self::Cmnd => DetectorId::Cmnd,
            Self::Bhxh => DetectorId::Bhxh,
            Self::Bhyt => DetectorId::Bhyt,
            Self::Passport => DetectorId::Passport,
            Self::DriverLicence => DetectorId::DriverLicence,
            Self::Phone => DetectorId::Phone,
            Self::Tax => DetectorId::Mst,
            Self::Bank => DetectorId::BankAccount,
            Self::Name => DetectorId::PersonName,
            Self::BirthDate | Self::BirthYear => DetectorId::DateOfBirth,
            Self::Address => DetectorId::Address,
            Self::Household => DetectorId::Household,
            Self::Health => DetectorId::Diagnosis,
            Self::Plate => DetectorId::Plate,
            Self::Email => DetectorId::Email,
            Self::Secrecy => DetectorId::StateSecret,
            Self::Claim => DetectorId::ClaimRecord,
            Self::Surname
            | Self::GivenName
            | Self::Sex
            | Self::RowNumber
            | Self::Neutral
            | Self::Record
            | Self::Negative => return None,
        })
    }

    /// Whether the cells under it are *identifiers* ([`DetectorId::is_identifier`]).
    pub fn is_identifier(self) -> bool {
        self.detector().is_some_and(DetectorId::is_identifier)
    }

    /// Whether a number under it is nobody's as long as nothing but the header is known.
    pub const fn is_nobodys(self) -> bool {
        matches!(self, Self::Neutral | Self::Record | Self::Negative)
    }

    /// Whether the cells under it tell who a row is about: names, birth, address, telephone and the like. Such a
    /// column beside an identifier makes a table of people.
    pub const fn describes_person(self) -> bool {
        matches!(
            self,
            Self::Name
                | Self::Surname
                | Self::GivenName
                | Self::BirthDate
                | Self::BirthYear
                | Self::Sex
                | Self::Address
                | Self::Phone
                | Self::Email
                | Self::Health
        )
    }

    /// What a phrase for it says of a number where there is no table: then no rows speak against it.
    pub(crate) const fn spoken(self) -> Self {
        match self {
            Self::Neutral | Self::Record | Self::Claim => Self::Negative,
            other => other,
        }
    }

    /// Whether a header of this kind says what the *numbers* under it are; under `Họ tên` or `Địa chỉ` a number
    /// still has to be judged by its own words.
    pub(crate) const fn speaks_of_numbers(self) -> bool {
        !matches!(
            self,
            Self::Name
                | Self::Surname
                | Self::GivenName
                | Self::Sex
                | Self::Address
                | Self::Email
                | Self::Health
                | Self::Secrecy
                | Self::RowNumber
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifier_columns_are_those_whose_detector_is_one() {
        let ids: Vec<_> = Column::ALL.iter().copied().filter(|c| c.is_identifier()).collect();
        assert_eq!(ids, [Column::Cccd, Column::Cmnd, Column::IdNumber, Column::Bhxh, Column::Bhyt, Column::Passport]);
        let nobodys = Column::ALL.iter().filter(|c| c.is_nobodys());
        assert!(nobodys.into_iter().all(|c| !c.is_identifier() && !c.describes_person()));
    }
}
