//! Whose cosignatures count: the file of witnesses (C2SP tlog-policy), as values. Pure; it fetches nothing and verifies no signature.

use crate::error::{Error, Result};
use crate::merkle::{KeyKind, NoteSignature, VerifierKey};

/// A witness that the policy names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Its name in the policy file: what people are shown.
    pub name: String,
    /// Its key, whose name and identifier stand in its signature lines.
    pub key: VerifierKey,
    /// Where it takes checkpoints (C2SP tlog-witness, the submission prefix), if it does.
    pub url: Option<String>,
}

impl Witness {
    /// How its cosignatures are filed: key name and identifier.
    pub fn signs_as(&self) -> String {
        format!("{}+{}", self.key.name(), self.key.id())
    }
}

/// What a group or the quorum is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    name: String,
    /// How many of its members must have witnessed.
    threshold: usize,
    members: Vec<String>,
}

/// The witnesses and how many of them it takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WitnessPolicy {
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    /// A witness or a group; nothing when no cosignature is asked for.
    quorum: Option<String>,
}

/// The name that stands for no quorum.
const NONE: &str = "none";

/// A line that cannot be accepted: why, in Vietnamese and in English.
type Fault = (&'static str, &'static str);

impl WitnessPolicy {
    /// Reads a policy file. `log` is the log whose checkpoints are judged: a file that lists logs must list it. An auditor that knows
    /// its log from elsewhere gives `None`.
    pub fn parse(text: &str, log: Option<&VerifierKey>) -> Result<Self> {
        let mut reading = Reading::default();
        for (line, number) in text.split('\n').zip(1_usize..) {
            reading.take(line).map_err(|fault| refused(Some(number), fault))?;
        }
        if !reading.has_quorum {
            return Err(refused(None, ("thiếu dòng quorum; nếu không cần ai, ghi: quorum none", NO_QUORUM_EN)));
        }
        if log.is_some_and(|log| !reading.logs.is_empty() && !reading.logs.contains(log)) {
            return Err(refused(
                None,
                ("các dòng log không có khóa của sổ cái này", "no log line has this ledger's key"),
            ));
        }
        Ok(reading.policy)
    }

    /// The witnesses, in the order of the file.
    pub fn witnesses(&self) -> &[Witness] {
        &self.witnesses
    }

    /// The witness whose cosignatures are filed so; see [`Witness::signs_as`].
    pub fn signing_as(&self, filed: &str) -> Option<&Witness> {
        self.witnesses.iter().find(|witness| witness.signs_as() == filed)
    }

    /// The witness that claims to have made a signature.
    pub fn claimed_by(&self, signature: &NoteSignature) -> Option<&Witness> {
        self.witnesses.iter().find(|witness| signature.is_under(&witness.key))
    }

    /// Whether the cosignatures of the witnesses of these names in the policy are enough.
    pub fn has_quorum(&self, names: &[&str]) -> bool {
        // Groups name only what stands before them, so one pass in their order settles each.
        let mut witnessed: Vec<&str> = names.iter().copied().filter(|name| self.is_witness(name)).collect();
        for group in &self.groups {
            let n_members = group.members.iter().filter(|member| witnessed.contains(&member.as_str())).count();
            if group.threshold <= n_members {
                witnessed.push(&group.name);
            }
        }
        self.quorum.as_ref().is_none_or(|quorum| witnessed.contains(&quorum.as_str()))
    }

    fn is_witness(&self, name: &str) -> bool {
        self.witnesses.iter().any(|witness| witness.name == name)
    }

    fn is_defined(&self, name: &str) -> bool {
        self.is_witness(name) || self.groups.iter().any(|group| group.name == name)
    }
}

/// What was read of a file so far.
#[derive(Default)]
struct Reading {
    policy: WitnessPolicy,
    logs: Vec<VerifierKey>,
    has_quorum: bool,
}

impl Reading {
    fn take(&mut self, line: &str) -> Result<(), Fault> {
        if line.contains(|c: char| c.is_ascii_control() && c != '\t') {
            return Err((
                "có ký tự điều khiển; xin lưu tệp với dấu xuống dòng kiểu Unix (LF)",
                "it has a control character; save the file with Unix line ends",
            ));
        }
        let items: Vec<&str> = line.split([' ', '\t']).filter(|item| !item.is_empty()).collect();
        match items.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with('#') => Ok(()),
            ["log", key] => self.take_log(key),
            ["log", key, url] => check_url(url).and_then(|_| self.take_log(key)),
            ["witness", name, key] => self.take_witness(name, key, None),
            ["witness", name, key, url] => self.take_witness(name, key, Some(check_url(url)?)),
            ["group", name, threshold, members @ ..] => self.take_group(name, threshold, members),
            ["quorum", name] => self.take_quorum(name),
            _ => Err((
                "không hiểu dòng này; mỗi dòng bắt đầu bằng log, witness, group hoặc quorum",
                "not understood; a line says log, witness, group or quorum and what belongs to it",
            )),
        }
    }

    fn take_log(&mut self, key: &str) -> Result<(), Fault> {
        let key = VerifierKey::parse(key).ok().filter(|key| key.kind() == KeyKind::Ed25519).ok_or((
            "khóa của sổ cái không đúng; xin chép nguyên dòng từ /ledger/vkey",
            "this is no log's key; copy the whole line from /ledger/vkey",
        ))?;
        if self.logs.iter().any(|other| is_same_key(other, &key)) {
            return Err(("khóa này đã có ở dòng trên", "a line above has this key already"));
        }
        self.logs.push(key);
        Ok(())
    }

    fn take_witness(&mut self, name: &str, key: &str, url: Option<String>) -> Result<(), Fault> {
        self.check_new_name(name)?;
        let key = VerifierKey::parse(key).ok().filter(|key| key.kind() == KeyKind::Cosignature).ok_or((
            "khóa của người làm chứng không đúng; xin chép nguyên dòng mà lệnh nguon witness in ra",
            "this is no witness's Ed25519 key; copy the whole line that 'nguon witness' prints",
        ))?;
        if self.policy.witnesses.iter().any(|other| is_same_key(&other.key, &key)) {
            return Err(("khóa này đã có ở dòng trên", "a line above has this key already"));
        }
        self.policy.witnesses.push(Witness { name: name.to_owned(), key, url });
        Ok(())
    }

    fn take_group(&mut self, name: &str, threshold: &str, members: &[&str]) -> Result<(), Fault> {
        self.check_new_name(name)?;
        let n_members = members.len();
        let threshold = match threshold {
            "any" => Some(1),
            "all" => Some(n_members),
            number => number.parse().ok().filter(|k: &usize| k.to_string() == number),
        };
        let threshold = threshold.filter(|k| (1..=n_members).contains(k)).ok_or((
            "sau tên nhóm là all, any hoặc một số từ 1 đến số thành viên, rồi đến tên các thành viên",
            "behind a group's name stands all, any or a number from 1 to the number of its members, then the members",
        ))?;
        let mut kept: Vec<String> = Vec::new();
        for member in members {
            if !self.policy.is_defined(member) {
                return Err(("có tên chưa được nêu ở dòng trên", "it names something that no line above defines"));
            }
            let is_taken = |group: &Group| group.members.iter().any(|other| other == member);
            if kept.iter().any(|other| other == member) || self.policy.groups.iter().any(is_taken) {
                return Err(("mỗi tên chỉ được vào một nhóm, một lần", "a name is a member of one group, and once"));
            }
            kept.push((*member).to_owned());
        }
        self.policy.groups.push(Group { name: name.to_owned(), threshold, members: kept });
        Ok(())
    }

    fn take_quorum(&mut self, name: &str) -> Result<(), Fault> {
        if self.has_quorum {
            return Err(("chỉ được có một dòng quorum", "there is a quorum line already"));
        }
        self.has_quorum = true;
        if name == NONE {
            return Ok(());
        }
        if !self.policy.is_defined(name) {
            return Err(("có tên chưa được nêu ở dòng trên", "it names something that no line above defines"));
        }
        self.policy.quorum = Some(name.to_owned());
        Ok(())
    }

    fn check_new_name(&self, name: &str) -> Result<(), Fault> {
        if name == NONE || self.policy.is_defined(name) {
            return Err(("tên này đã dùng rồi; xin đặt tên khác", "this name is taken; choose another one"));
        }
        Ok(())
    }
}

const NO_QUORUM_EN: &str = "there is no quorum line; write 'quorum none' if no cosignature is asked for";

fn check_url(url: &str) -> Result<String, Fault> {
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    is_web
        .then(|| url.to_owned())
        .ok_or(("địa chỉ phải bắt đầu bằng https:// hoặc http://", "the address starts with https:// or http://"))
}

/// Whether two keys wrap the same public key, whatever their names (C2SP tlog-policy calls those duplicates). The last part of their
/// texts is kind and key.
fn is_same_key(one: &VerifierKey, other: &VerifierKey) -> bool {
    let public = |key: &VerifierKey| key.to_string().splitn(3, '+').nth(2).map(ToOwned::to_owned);
    public(one) == public(other)
}

fn refused(line: Option<usize>, (vi, en): Fault) -> Error {
    match line {
        Some(n) => Error::refused(
            "witness-policy",
            format!("Tệp người làm chứng, dòng {n}: {vi}."),
            format!("the file of witnesses, line {n}: {en}"),
        ),
        None => Error::refused(
            "witness-policy",
            format!("Tệp người làm chứng: {vi}."),
            format!("the file of witnesses: {en}"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::{KeyName, SignerKey};

    fn key(seed: u8, kind: KeyKind) -> VerifierKey {
        let name = KeyName::parse(&format!("w{seed}.example/witness")).unwrap();
        SignerKey::new(name, kind, &[seed; 32]).unwrap().verifier().clone()
    }

    fn witness_key(seed: u8) -> VerifierKey {
        key(seed, KeyKind::Cosignature)
    }

    /// The example of C2SP tlog-policy: two of the X and one of the Y.
    fn example() -> String {
        let line = |name: &str, seed: u8| format!("witness {name} {}\n", witness_key(seed));
        [
            "# hai trong ba báo, và một trong ba viện\n".to_owned(),
            format!("log {}\n\n", key(9, KeyKind::Ed25519)),
            line("X1", 1),
            line("X2", 2),
            line("X3", 3),
            "\tgroup  X-witnesses 2 X1 X2 X3 \n".to_owned(),
            line("Y1", 4),
            line("Y2", 5),
            line("Y3", 6),
            "group Y-witnesses any Y1 Y2 Y3\ngroup X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n".to_owned(),
        ]
        .concat()
    }

    #[track_caller]
    fn check_quorum(names: &[&str], expected: bool) {
        let policy = WitnessPolicy::parse(&example(), None).unwrap();
        assert_eq!(policy.has_quorum(names), expected, "{names:?}");
    }

    #[test]
    fn a_quorum_of_groups_takes_enough_of_each() {
        check_quorum(&["X1", "X3", "Y2"], true);
        check_quorum(&["Y1", "X1", "X2", "X3", "Y3"], true);
        check_quorum(&["X1", "X2", "X3"], false);
        check_quorum(&["X1", "Y1", "Y2", "Y3"], false);
        check_quorum(&["X1", "X1", "Y1"], false);
        check_quorum(&["X-and-Y"], false);
        check_quorum(&["X-witnesses", "Y-witnesses"], false);
        check_quorum(&[], false);
    }

    #[test]
    fn no_quorum_is_always_there() {
        assert!(WitnessPolicy::parse("quorum none", None).unwrap().has_quorum(&[]));
        assert!(WitnessPolicy::default().has_quorum(&[]));
    }

    #[test]
    fn a_quorum_may_be_one_witness() {
        let policy = WitnessPolicy::parse(&format!("witness báo {}\nquorum báo\n", witness_key(1)), None).unwrap();
        assert!(!policy.has_quorum(&[]));
        assert!(policy.has_quorum(&["báo"]));
    }

    #[test]
    fn a_witness_is_found_by_how_it_signs() {
        let policy = WitnessPolicy::parse(&example(), None).unwrap();
        let filed = format!("w4.example/witness+{}", witness_key(4).id());
        assert_eq!(policy.signing_as(&filed).map(|witness| witness.name.as_str()), Some("Y1"));
        assert_eq!(policy.witnesses().len(), 6);
    }

    #[test]
    fn an_address_stands_behind_the_key() {
        let text = format!("witness báo {} https://báo.example/chứng\nquorum none\n", witness_key(1));
        let policy = WitnessPolicy::parse(&text, None).unwrap();
        assert_eq!(policy.witnesses()[0].url.as_deref(), Some("https://báo.example/chứng"));
    }

    #[test]
    fn a_file_that_lists_logs_lists_ours() {
        let (ours, other) = (key(9, KeyKind::Ed25519), key(8, KeyKind::Ed25519));
        assert!(WitnessPolicy::parse(&example(), Some(&ours)).is_ok());
        assert!(WitnessPolicy::parse(&example(), Some(&other)).is_err());
        assert!(WitnessPolicy::parse("quorum none\n", Some(&other)).is_ok());
    }

    /// The text is refused, and both sentences name the line.
    #[track_caller]
    fn check_refused(text: &str, line: usize) {
        let error = WitnessPolicy::parse(text, None).unwrap_err();
        assert_eq!(error.code(), "witness-policy");
        let (vi, en) = (error.vi(), error.to_string());
        assert!(vi.contains(&format!("dòng {line}:")) && en.contains(&format!("line {line}:")), "{text:?}: {en}");
    }

    #[test]
    fn a_line_that_is_not_understood_is_named() {
        let (a, b) = (witness_key(1), witness_key(2));
        let two = format!("witness a {a}\nwitness b {b}\n");
        check_refused("# x\n\nwitnes a b\n", 3);
        check_refused("witness a\n", 1);
        check_refused(&format!("witness a {a} https://x y\n"), 1);
        check_refused(&format!("witness a {a} ftp://x\n"), 1);
        check_refused(&format!("witness none {a}\n"), 1);
        check_refused(&format!("witness a {}\n", key(1, KeyKind::Ed25519)), 1);
        check_refused(&format!("log {a}\n"), 1);
        check_refused(&format!("witness a {a}\nwitness a {b}\n"), 2);
        check_refused(&format!("witness a {a}\r\nquorum a\r\n"), 1);
        check_refused("quorum none\nquorum none\n", 2);
        check_refused(&format!("quorum a\nwitness a {a}\n"), 1);
        for group in ["g", "g any", "g 1", "g 0 a", "g 3 a b", "g 01 a b", "g +1 a b", "g some a b", "g any c"] {
            check_refused(&format!("{two}group {group}\n"), 3);
        }
        for group in ["g any a a", "a any b", "none any a", "g any none", "g any g"] {
            check_refused(&format!("{two}group {group}\n"), 3);
        }
        check_refused(&format!("{two}group g any a\ngroup h any a b\n"), 4);
    }

    #[test]
    fn one_key_under_two_names_is_one_witness_too_many() {
        let other = KeyName::parse("another.example").unwrap();
        let again = SignerKey::new(other, KeyKind::Cosignature, &[1; 32]).unwrap();
        check_refused(&format!("witness a {}\nwitness b {}\nquorum none\n", witness_key(1), again.verifier()), 2);
    }

    #[test]
    fn a_file_without_a_quorum_line_is_refused() {
        assert_eq!(WitnessPolicy::parse("", None).unwrap_err().code(), "witness-policy");
    }
}
