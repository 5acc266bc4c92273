//! What is heard on the way is what is heard at once.

use proptest::prelude::*;

use super::*;
use crate::simd::{Waiting, wait};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn small_words_are_told_alike(word in "[a-z]{1,9}|[a-z]{0,4}[A-Zđ`{@. ][a-z]{0,4}") {
        let mut keys = Vec::new();
        plain_words(word.as_bytes(), 0..word.len(), false, |word| keys.push(word.key));
        let plain = word.bytes().all(|b| b.is_ascii_lowercase()) && word.len() <= 8;
        let text = format!("{word}12345678");
        prop_assert_eq!(small_word(text.as_bytes(), 0, word.len()), keys.first().copied().filter(|_| plain));
    }

    /// Whatever was read ahead, and however far apart the numbers stand.
    #[test]
    fn nothing_is_missed_before_a_number(
        pieces in prop::collection::vec(prop_oneof![
            3 => prop::sample::select(vec![
                "so", "cccd", "stk", "STK", "soCccd", "Ho ten", "ho_ten", "sổ", "so2cccd", "http", "INFO", "x", "hoTenCon",
                "Nguyễn", "Đỗ", "Họ", "tên", "số", "căn", "CĂN", "cước", "ngườiLàm", "e\u{301}",
            ]).prop_map(str::to_owned),
            3 => "[0-9]{1,12}|[0-9][a-f][0-9]",
            3 => "[ .,:=/\n-]{1,3}",
            1 => "[a-z]{1,17}|[A-Z]{1,9}[a-z]{0,9}|[a-f0-9]{20,70}|[a-z]{60,70}",
            1 => "[a-z ]{40,90}",
        ], 1..60),
        skipped in prop::collection::vec(0..4_usize, 1..40),
    ) {
        let text = pieces.concat();
        let text = text.as_bytes();
        let phrases = [
            (&b" so  cccd "[..], Column::Cccd),
            (b" stk ", Column::Bank),
            (b" ho  ten ", Column::Name),
            (b" can  cuoc ", Column::Cccd),
        ];
        let watched = Watched::new(phrases.into_iter());
        let numbers = (0..text.len()).filter(|at| text[*at].is_ascii_digit() && (*at == 0 || !text[at - 1].is_ascii_digit()));
        let mut heard = Heard::default();
        let mut skip = skipped.iter().cycle();
        for to in numbers.filter(|_| skip.next() != Some(&0)) {
            let from = to.saturating_sub(LEFT_BYTES);
            let told = heard.before_number(text, from, to, &watched);
            if !is_inside_a_word(text, from) {
                let said = watched.of(&text[from..to]);
                prop_assert_eq!(told.and(said), told, "{:?}", String::from_utf8_lossy(&text[from..to]));
            }
        }
    }

    /// Nor where numbers are asked for that stand before the last one, as those of a row are that letters belong to.
    #[test]
    fn nothing_is_missed_on_the_way_back(
        words in prop::collection::vec(prop::sample::select(vec![
            "cccd", "x", "so", "info", "=", " ", "- ", "họ ", "Tên", "Nguyễn ", "sổ", "người_không_nói_gì ", "ngườiKhôngNóiGìCả",
        ]), 1..50),
        begins in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 2..6),
    ) {
        let text = words.concat() + "7 8 9 ";
        let text = [text.as_str(), &"x 1 ".repeat(9), &text, "7 cccd 8"].concat();
        let text = text.as_bytes();
        let phrases = [(&b" cccd "[..], Column::Cccd), (b" ho  ten ", Column::Name), (b" so  nguoi ", Column::Bank)];
        let watched = Watched::new(phrases.into_iter());
        let numbers: Vec<_> = (0..text.len()).filter(|at| text[*at].is_ascii_digit()).collect();
        let mut heard = Heard::default();
        for (index, quiet) in begins {
            let to = *index.get(&numbers);
            let from = to.saturating_sub(LEFT_BYTES);
            let said = watched.of(&text[from..to]);
            if quiet {
                let quiet = heard.is_quiet(text, from..to, &watched);
                prop_assert!(is_inside_a_word(text, from) || !quiet || said == Hint::NOTHING);
            } else {
                let told = heard.before_number(text, from, to, &watched);
                prop_assert!(is_inside_a_word(text, from) || told.and(said) == told);
            }
        }
    }

    #[test]
    fn vectors_and_plain_steps_hear_alike(
        pieces in prop::collection::vec(prop_oneof![
            4 => "[a-zA-Z]{1,9}",
            4 => "[a-zđăâêôơưàáảãạếềểễệộữựìỉýỳỹƯƠĐÂÊÔỆỘỮ]{1,6}",
            3 => prop::sample::select(vec![" ", " ", ", ", ": ", "_", "7", "2026", "\n", "\"", "×", "ş", "ấấấấấấấấấấấấấấấấấấấấấấấ"])
                .prop_map(str::to_owned),
            1 => prop::sample::select(vec!["“", "\u{200b}", "e\u{301}", "ＡＢ", "\u{1e9e}", "\u{1e00}", "Ẃ"]).prop_map(str::to_owned),
        ], 0..60),
        (from, to) in (0..80_usize, 0..400_usize),
    ) {
        let text = pieces.concat();
        let text = text.as_bytes();
        let range = from.min(text.len())..to.clamp(from, from.max(text.len())).min(text.len());
        let range = range.start.min(range.end)..range.end;
        let (mut fast, mut plain) = (Vec::new(), Vec::new());
        let all = |word: Word| (word.key, word.place.range(), word.parted);
        let (at, parted) = words(text, range.clone(), |word| fast.push(all(word)));
        prop_assert!(range.start <= at && at <= range.end);
        let parted = if at < range.end { plain_words(text, at..range.end, parted, |word| fast.push(all(word))) } else { parted };
        let parted_plainly = plain_words(text, range.clone(), false, |word| plain.push(all(word)));
        prop_assert_eq!(&fast, &plain, "{:?}", String::from_utf8_lossy(&text[range]));
        prop_assert_eq!(parted, parted_plainly);
    }

    /// What is read ahead says nothing, wherever the blocks begin in which it is read, and whoever asks for how much.
    #[test]
    fn what_is_read_ahead_says_nothing(
        pieces in prop::collection::vec(prop_oneof![
            6 => "[a-zđêơ]{1,6}[ 0-9,]",
            2 => prop::sample::select(vec![
                "so ", "số ", "cccd ", "CCCD,", "stkA ", "stk", "Ho", " ten", "hoTen ", "căn ", "CƯỚC", "9c7", "7d", "ccc", "cccdd ",
            ]).prop_map(str::to_owned),
            1 => "[a-z]{1,20}|[đêơ]{4,9}",
            1 => "[0-9 ,]{12,80}",
        ], 1..60),
        from in 0..80_usize,
        steps in prop::collection::vec(1..200_usize, 1..8),
    ) {
        let text = pieces.concat();
        let text = text.as_bytes();
        let phrases = [
            (&b" so  cccd "[..], Column::Cccd),
            (b" stk ", Column::Bank),
            (b" ho  ten ", Column::Name),
            (b" c  d ", Column::Cccd),
            (b" can  cuoc ", Column::Cccd),
        ];
        let watched = Watched::new(phrases.into_iter());
        let from = (from.min(text.len())..=text.len()).find(|at| !is_inside_a_word(text, *at)).unwrap_or(text.len());
        let (mut ahead, mut to) = (Ahead::new(from), from);
        for step in steps {
            to = text.len().min(to + step);
            ahead.read(text, to, &watched);
            prop_assert!(from <= ahead.upto && ahead.upto <= text.len());
            prop_assert!(ahead.stuck || ahead.upto >= to);
            let free = &text[from..ahead.upto];
            prop_assert_eq!(watched.of(free), Hint::NOTHING, "{:?}", String::from_utf8_lossy(free));
            prop_assert!(free.split(|b| !is_letter(*b)).all(|word| word.len() <= 16));
        }
    }

    /// Nor is it given up where nothing is said.
    #[test]
    fn plain_words_are_read_ahead(words in prop::collection::vec("[a-bê]{1,7}[ ,.]{1,2}", 1..60)) {
        let text = words.concat();
        let watched = Watched::new([(&b" so  cccd "[..], Column::Cccd)].into_iter());
        let mut ahead = Ahead::new(0);
        ahead.read(text.as_bytes(), text.len(), &watched);
        let reads = wait(b"a", 0, 1, (&watched.hashes, false), &mut Nobody).is_some();
        prop_assert!(ahead.upto == text.len() || !reads || text.split([' ', ',', '.']).any(|word| word.len() >= 16));
    }
}

/// Who waits for nothing.
struct Nobody;

impl Waiting for Nobody {
    fn last(&self) -> u64 {
        0
    }

    fn is(&mut self, _: u64, _: bool) -> bool {
        false
    }

    fn passed(&mut self, _: u64) {}
}
