//! Names of entries (RFC 4514): an account's name put into one, a group's name read out of one.

/// The name to log in with: that of the account between what stands around it. In the name of an entry it is escaped;
/// in `name@example.vn`, as Active Directory takes it, there is nothing to escape.
pub(super) fn around((before, behind): &(String, String), name: &str) -> String {
    if !before.ends_with('=') {
        return format!("{before}{name}{behind}");
    }
    let mut escaped = String::with_capacity(name.len() + 4);
    for (n, c) in name.char_indices() {
        let is_edge = n == 0 && matches!(c, '#' | ' ') || c == ' ' && n + 1 == name.len();
        if is_edge || matches!(c, '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '=') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    format!("{before}{escaped}{behind}")
}

/// `ke-toan` of `cn=ke-toan,ou=groups,dc=example,dc=vn`.
pub(super) fn first_value(name: &str) -> Option<String> {
    let (_, rest) = name.split_once('=')?;
    let mut value = Vec::new();
    let mut bytes = rest.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b',' | b'+' | b';' => break,
            b'\\' => {
                let first = bytes.next()?;
                let digit = |byte: u8| char::from(byte).to_digit(16);
                match digit(first) {
                    // Two hexadecimal digits are a byte; anything else stands for itself.
                    Some(high) => value.push((high << 4 | digit(bytes.next()?)?) as u8),
                    None => value.push(first),
                }
            }
            byte => value.push(byte),
        }
    }
    String::from_utf8(value).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_accounts_name_stays_a_name() {
        let entry = ("uid=".to_owned(), ",dc=vn".to_owned());
        for (name, expected) in [
            ("an.nguyen", "uid=an.nguyen,dc=vn"),
            ("an+b", "uid=an\\+b,dc=vn"),
            ("BHXH\\an", "uid=BHXH\\\\an,dc=vn"),
            ("an,dc=x", "uid=an\\,dc\\=x,dc=vn"),
            ("#an ", "uid=\\#an\\ ,dc=vn"),
            ("nguyễn", "uid=nguyễn,dc=vn"),
        ] {
            assert_eq!(around(&entry, name), expected);
        }
        assert_eq!(around(&(String::new(), "@example.vn".to_owned()), "an+b"), "an+b@example.vn");
    }

    #[test]
    fn a_groups_name_is_the_first_value() {
        for (name, expected) in [
            ("cn=ke-toan,ou=groups,dc=vn", Some("ke-toan")),
            ("CN=Kế toán,OU=Nhóm,DC=vn", Some("Kế toán")),
            ("cn=K\\E1\\BA\\BF to\\C3\\A1n,dc=vn", Some("Kế toán")),
            ("cn=a\\,b,dc=vn", Some("a,b")),
            ("cn=a+ou=b,dc=vn", Some("a")),
            ("cn=a", Some("a")),
            ("cn=,dc=vn", None),
            ("cn=a\\", None),
            ("cn=\\ff", None),
            ("ke-toan", None),
        ] {
            assert_eq!(first_value(name).as_deref(), expected, "{name}");
        }
    }
}
