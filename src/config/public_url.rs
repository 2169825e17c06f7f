//! The address that is printed on every stamp: checked hard, because paper cannot be corrected.

use std::net::IpAddr;

/// The longest host that fits the full symbol (stamp format, version 1).
const MAX_HOST_CHARS: usize = 31;

/// Scheme, host and port without a trailing slash, lower case: what every printed URL starts with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(String);

/// Why an address cannot be printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublicUrlError {
    /// Not an address of a site's root.
    #[error(
        "must be the address of the site alone, for example https://ocop.thainguyen.vn, without path, query or user"
    )]
    NotARoot,
    /// Not https.
    #[error("must start with https://; only 'nguon demo' may use http")]
    NotHttps,
    /// No name that shoppers' phones can resolve.
    #[error("must name a real host, for example ocop.thainguyen.vn, not an IP address, localhost or a reserved name")]
    NotAHost,
    /// Does not fit the symbol.
    #[error("has a host longer than 31 characters, which does not fit the printed symbol; choose a shorter name")]
    TooLong,
}

impl PublicUrlError {
    /// The sentence in Vietnamese.
    pub const fn vi(self) -> &'static str {
        match self {
            Self::NotARoot => {
                "phải chỉ là địa chỉ trang, ví dụ https://ocop.thainguyen.vn, không có đường dẫn phía sau"
            }
            Self::NotHttps => "phải bắt đầu bằng https:// (chỉ lệnh demo được dùng http)",
            Self::NotAHost => "phải là tên miền thật, ví dụ ocop.thainguyen.vn, không phải địa chỉ IP hay localhost",
            Self::TooLong => "có tên miền dài quá 31 ký tự, không vừa mã QR; xin chọn tên ngắn hơn",
        }
    }
}

/// Top-level names that never resolve for the public (RFC 2606, RFC 6761, RFC 6762, RFC 8375).
const RESERVED: [&str; 7] = ["invalid", "test", "example", "localhost", "local", "internal", "arpa"];

impl PublicUrl {
    /// For a real service: https on a real host.
    pub fn for_service(text: &str) -> Result<Self, PublicUrlError> {
        let url = root(text)?;
        if url.scheme() != "https" {
            return Err(PublicUrlError::NotHttps);
        }
        let host = url.host_str().unwrap_or_default();
        let top_level = host.rsplit('.').next().unwrap_or_default();
        if !host.contains('.')
            || is_ip(host)
            || RESERVED.contains(&top_level)
            || host.starts_with('.')
            || host.ends_with('.')
        {
            return Err(PublicUrlError::NotAHost);
        }
        Self::printable(&url)
    }

    /// For the demo: http and loopback allowed.
    pub fn for_demo(text: &str) -> Result<Self, PublicUrlError> {
        let url = root(text)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(PublicUrlError::NotHttps);
        }
        Self::printable(&url)
    }

    fn printable(url: &url::Url) -> Result<Self, PublicUrlError> {
        let origin = url.origin().ascii_serialization();
        let after_scheme = origin.split_once("://").map_or("", |(_, rest)| rest);
        if MAX_HOST_CHARS < after_scheme.len() {
            return Err(PublicUrlError::TooLong);
        }
        Ok(Self(origin))
    }

    /// For example `https://ocop.thainguyen.vn`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address of a full stamp.
    pub fn stamp(&self, digits: &str) -> String {
        format!("{}/s/{digits}", self.0)
    }

    /// The address of a one-time link.
    pub fn link(&self, secret: &str) -> String {
        format!("{}/link/{secret}", self.0)
    }

    /// The address of a typed code.
    pub fn code(&self, plain_code: &str) -> String {
        format!("{}/c/{plain_code}", self.0)
    }
}

fn root(text: &str) -> Result<url::Url, PublicUrlError> {
    let url = url::Url::parse(text).map_err(|_| PublicUrlError::NotARoot)?;
    let bare = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if !bare || url.host_str().is_none() {
        return Err(PublicUrlError::NotARoot);
    }
    Ok(url)
}

fn is_ip(host: &str) -> bool {
    host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(text: &str, expected: PublicUrlError) {
        assert_eq!(PublicUrl::for_service(text), Err(expected));
    }

    #[test]
    fn a_service_is_https_on_a_real_host() {
        assert_eq!(
            PublicUrl::for_service("https://OCOP.thainguyen.vn/").unwrap().as_str(),
            "https://ocop.thainguyen.vn"
        );
        refused("http://ocop.thainguyen.vn", PublicUrlError::NotHttps);
        for url in [
            "https://localhost",
            "https://127.0.0.1",
            "https://[::1]",
            "https://nguon",
            "https://demo.invalid",
            "https://x.local",
        ] {
            refused(url, PublicUrlError::NotAHost);
        }
    }

    #[test]
    fn a_path_a_query_or_a_user_is_refused() {
        for url in ["https://x.vn/tem", "https://x.vn/?a", "https://u@x.vn", "x.vn", ""] {
            refused(url, PublicUrlError::NotARoot);
        }
    }

    #[test]
    fn a_host_of_32_characters_does_not_fit_the_symbol() {
        assert!(PublicUrl::for_service(&format!("https://{}.vn", "a".repeat(28))).is_ok());
        refused(&format!("https://{}.vn", "a".repeat(29)), PublicUrlError::TooLong);
    }
}
