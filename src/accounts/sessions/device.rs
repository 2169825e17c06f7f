//! A device as its owner knows it, from what the browser says of itself: browser and system, nothing finer. Pure.

/// Marks of browsers, the more special before those they imitate.
const BROWSERS: [(&str, &str); 11] = [
    ("Zalo", "Zalo"),
    ("FBAN", "Facebook"),
    ("FBAV", "Facebook"),
    ("coc_coc_browser", "Cốc Cốc"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
];
/// Marks of systems, the more special before those they imitate.
const SYSTEMS: [(&str, &str); 7] = [
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];
/// What stands for a browser or a system that is not known.
const UNKNOWN: &str = "?";

/// For example `Chrome · Android`.
pub(super) fn device_name(user_agent: &str) -> String {
    let known = |table: &[(&str, &'static str)]| {
        table.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
    };
    // Nearly all claim to be Safari; only one without another mark is.
    let browser = known(&BROWSERS).or_else(|| user_agent.contains("Safari/").then_some("Safari"));
    format!("{} · {}", browser.unwrap_or(UNKNOWN), known(&SYSTEMS).unwrap_or(UNKNOWN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(user_agent: &str, expected: &str) {
        assert_eq!(device_name(user_agent), expected, "{user_agent}");
    }

    #[test]
    fn a_device_is_named_by_browser_and_system_alone() {
        let chrome = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36";
        check(chrome, "Chrome · Android");
        check(&format!("{chrome} Zalo android/12345 ZaloTheme/light"), "Zalo · Android");
        check(
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
            "Safari · iPhone",
        );
        check("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox · Windows");
        check("curl/8.0", "? · ?");
        check("", "? · ?");
    }
}
