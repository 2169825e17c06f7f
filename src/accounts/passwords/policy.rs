//! Which passwords are taken: long enough, not one that leaked or that everyone uses, not one's own name. Pure.
//!
//! No rule about kinds of characters: they make people write "Matkhau@1" (NIST SP 800-63B, 5.1.1.2).

use zxcvbn::{Score, zxcvbn};

use crate::accounts::choosing::plain_letters;
use crate::accounts::people::login::Login;
use crate::error::{Error, Result};

/// Fewest characters: with the limit on attempts, what is left of eight falls to a stolen table of hashes; ten does not.
pub(in crate::accounts) const MIN_CHARS: usize = 10;
/// Most characters: a sentence fits, and nobody sends a megabyte to be hashed.
pub(in crate::accounts) const MAX_CHARS: usize = 128;
/// From this score on a password takes more than 10⁸ guesses: offline, against argon2id, months of a machine.
const ENOUGH: Score = Score::Three;
/// Parts of a name shorter than this stand in too many other words.
const MIN_NAME_PART_CHARS: usize = 4;
/// What Vietnamese people use most, without diacritics; the crate's own lists know the leaked ones of the world.
const USUAL_HERE: &str = include_str!("../../../assets/passwords/usual_vi.txt");

/// Whose password it shall be: what it must not hold.
#[derive(Clone, Debug)]
pub(in crate::accounts) struct Owner {
    pub(in crate::accounts) login: Login,
    pub(in crate::accounts) display_name: String,
}

/// Refuses a password that others would guess, with a sentence that helps to choose a better one.
pub(in crate::accounts) fn examine(password: &str, owner: &Owner) -> Result<()> {
    let n_chars = password.chars().count();
    if n_chars < MIN_CHARS {
        return Err(invalid(
            format!("Mật khẩu cần ít nhất {MIN_CHARS} ký tự; ba bốn từ không liên quan với nhau là dễ nhớ nhất."),
            format!(
                "a password has at least {MIN_CHARS} characters; three or four unrelated words are easiest to remember"
            ),
        ));
    }
    if MAX_CHARS < n_chars {
        return Err(invalid(
            format!("Mật khẩu dài nhất {MAX_CHARS} ký tự."),
            format!("a password has at most {MAX_CHARS} characters"),
        ));
    }
    // Guessers try small letters without diacritics first, so a password is worth no more than they are.
    let plain = plain_letters(password);
    if own_words(owner).iter().any(|word| plain.contains(word.as_str())) {
        return Err(invalid(
            "Mật khẩu không được chứa tên hay tên đăng nhập của chính mình.",
            "a password must not hold your own name or user name",
        ));
    }
    // Blanks between the words of a usual phrase make it no rarer.
    let joined: String = plain.chars().filter(|c| !c.is_whitespace()).collect();
    let words = usual_words();
    if zxcvbn(&plain, &words).score().min(zxcvbn(&joined, &words).score()) < ENOUGH {
        return Err(invalid(
            "Mật khẩu này quá thông dụng hoặc đã từng bị lộ, người khác dễ đoán ra; xin ghép ba bốn từ không liên quan với nhau.",
            "this password is too common or has leaked before, others would guess it; put three or four unrelated words together",
        ));
    }
    Ok(())
}

fn invalid(vi: impl Into<String>, en: impl Into<String>) -> Error {
    Error::invalid("password", vi, en)
}

/// The words of the list.
fn usual_words() -> Vec<&'static str> {
    USUAL_HERE.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

/// Login and name in the ways they slip into passwords.
fn own_words(owner: &Owner) -> Vec<String> {
    let mut words = vec![owner.login.as_str().trim_start_matches('+').to_owned()];
    words.extend(owner.login.national_digits());
    let name = plain_letters(&owner.display_name);
    words.push(name.chars().filter(char::is_ascii_alphanumeric).collect());
    words.extend(name.split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_owned));
    words.retain(|word| MIN_NAME_PART_CHARS <= word.len());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(password: &str) -> Result<(), String> {
        let owner =
            Owner { login: Login::parse("0912 345 678").unwrap(), display_name: "Hoàng Thị Đào".to_owned() };
        examine(password, &owner).map_err(|error| error.to_string())
    }

    #[track_caller]
    fn refused(password: &str, because: &str) {
        let judged = judge(password);
        assert!(judged.as_ref().is_err_and(|sentence| sentence.contains(because)), "{password}: {judged:?}");
    }

    #[test]
    fn nine_characters_are_too_few_and_129_too_many() {
        refused("x9!kQz7w#", "at least 10");
        refused("", "at least 10");
        assert_eq!(judge("x9!kQz7w#p"), Ok(()));
        assert_eq!(judge(&"trâu bò lợn gà ".repeat(9)[..].chars().take(128).collect::<String>()), Ok(()));
        refused(&"trâu bò lợn gà ".repeat(9).chars().take(129).collect::<String>(), "at most 128");
    }

    #[test]
    fn passwords_that_leaked_or_are_usual_here_are_refused() {
        for password in [
            "1234567890",
            "qwertyuiop",
            "Password123",
            "matkhau123",
            "Matkhau@123",
            "mật khẩu 123",
            "anhyeuem123",
            "anhyeuem1990",
            "iloveyou1234",
            "0987654321",
            "aaaaaaaaaa",
            "thainguyen2026",
            "vietnam1975",
            "Vietnam@123",
            "quantri@2026",
            "admin123456",
            "22/11/2026",
            "11111111111111",
        ] {
            refused(password, "too common");
        }
    }

    #[test]
    fn a_password_with_ones_own_name_or_number_is_refused() {
        for password in ["0912345678xk!", "84912345678xk!", "hoangthidao7#kq", "xk7 Hoàng q#w p", "HOANG-x9!kQz7w"] {
            refused(password, "own name");
        }
    }

    #[test]
    fn a_few_unrelated_words_are_welcome_with_and_without_diacritics() {
        for password in
            ["con trâu đi qua cầu", "mua khoai lang tím", "bep lua khoi lam chieu", "correct horse battery staple"]
        {
            assert_eq!(judge(password), Ok(()), "{password}");
        }
    }

    #[test]
    fn the_list_is_plain_words_once_each() {
        let words = usual_words();
        let once: std::collections::BTreeSet<&str> = words.iter().copied().collect();
        assert_eq!(words.len(), once.len());
        assert!(words.iter().all(|word| word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())));
    }
}
