//! Choices from a short list, each with the one word that addresses, forms and the database know it by.
//! It says nothing of what a choice means.

/// Declares a choice with the word that addresses carry.
macro_rules! choice {
    ($(#[$doc:meta])+ $name:ident { $($(#[$variant_doc:meta])+ $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$variant_doc])+ $variant),+
        }

        impl $name {
            /// Every choice, in the order of forms.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word in addresses.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }

            /// Reads the word.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|choice| choice.as_str() == word)
            }
        }
    };
}
pub(in crate::register) use choice;
