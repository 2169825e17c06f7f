//! A real Chromium, driven through WebDriver: it starts with a test and ends with it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use thirtyfour::LoggingPrefsLogLevel;
use thirtyfour::prelude::*;

/// What `scripts/need browser` installs.
const DRIVER: &str = "chromedriver";
/// A cheap phone of the hills: what every page must fit.
pub(crate) const PHONE: (u32, u32) = (360, 640);
/// The office's desk.
pub(crate) const DESKTOP: (u32, u32) = (1280, 900);

/// The driver's process; it ends its browsers when it ends.
struct DriverProcess(Child);

impl Drop for DriverProcess {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// One browser with one window and no memory of another.
pub(crate) struct Browser {
    driver: WebDriver,
    base_url: String,
    _process: DriverProcess,
}

impl Browser {
    /// Opens a window of this size, in CSS pixels, on a site.
    pub(crate) async fn open(base_url: &str, (width, height): (u32, u32)) -> Self {
        let (process, port) = start_driver();
        let mut options = DesiredCapabilities::chrome();
        for argument in ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"] {
            options.add_arg(argument).unwrap();
        }
        options.add_experimental_option("prefs", json!({ "intl.accept_languages": "vi" })).unwrap();
        options.set_browser_log_level(LoggingPrefsLogLevel::All).unwrap();
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), options).await.unwrap();
        let browser = Self { driver, base_url: base_url.to_owned(), _process: process };
        browser.resize((width, height)).await;
        browser
    }

    async fn ask_devtools(&self, method: &str, parameters: Value) {
        self.driver.cdp().send_raw(method, parameters).await.unwrap();
    }

    /// Makes the window another one of this size, in CSS pixels.
    pub(crate) async fn resize(&self, (width, height): (u32, u32)) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.ask_devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// From now on no page runs its script.
    pub(crate) async fn run_no_scripts(&self) {
        self.ask_devtools("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await;
    }

    /// Keeps a cookie as if this site had set it.
    pub(crate) async fn keep_cookie(&self, name: &str, value: &str) {
        let cookie = json!({ "name": name, "value": value, "url": self.base_url, "httpOnly": true, "sameSite": "Lax" });
        self.ask_devtools("Network.setCookie", cookie).await;
    }

    /// Goes to a path of the site, or to a whole address.
    pub(crate) async fn go(&self, path: &str) {
        let address = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.base_url) };
        self.driver.goto(address).await.unwrap();
    }

    /// The path that is open.
    pub(crate) async fn path(&self) -> String {
        self.driver.current_url().await.unwrap().path().to_owned()
    }

    /// The first element of a selector; the page is shown when there is none.
    pub(crate) async fn find(&self, css: &str) -> WebElement {
        match self.driver.find(By::Css(css)).await {
            Ok(element) => element,
            Err(err) => panic!("no {css} on {}: {err}\n{}", self.path().await, self.text().await),
        }
    }

    /// Whether the selector finds anything.
    pub(crate) async fn has(&self, css: &str) -> bool {
        !self.driver.find_all(By::Css(css)).await.unwrap().is_empty()
    }

    /// What a person reads on the page.
    pub(crate) async fn text(&self) -> String {
        self.driver.find(By::Tag("body")).await.unwrap().text().await.unwrap()
    }

    /// Empties a field and types into it.
    pub(crate) async fn fill(&self, css: &str, text: &str) {
        let field = self.find(css).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Sets a date field as its picker does: typing depends on the machine's language.
    pub(crate) async fn pick_day(&self, css: &str, iso: &str) {
        let script = "const field = document.querySelector(arguments[0]); field.value = arguments[1];";
        self.driver.execute(script, vec![json!(css), json!(iso)]).await.unwrap();
    }

    /// Chooses an option by its value.
    pub(crate) async fn choose(&self, css: &str, value: &str) {
        self.find(&format!("{css} option[value=\"{value}\"]")).await.click().await.unwrap();
    }

    /// What stands in a field.
    pub(crate) async fn value(&self, css: &str) -> String {
        self.find(css).await.value().await.unwrap().unwrap_or_default()
    }

    /// How many fields of a form a person fills in.
    pub(crate) async fn n_fields(&self, form: &str) -> usize {
        let fields = format!("{form} :is(input:not([type=hidden]), select, textarea)");
        self.driver.find_all(By::Css(fields)).await.unwrap().len()
    }

    /// Presses what changes this page alone.
    pub(crate) async fn click(&self, css: &str) {
        let element = self.find(css).await;
        element.scroll_into_view().await.unwrap();
        element.click().await.unwrap();
    }

    /// Presses and waits for the next page.
    pub(crate) async fn press(&self, css: &str) {
        let element = self.find(css).await;
        self.driver.execute("document.documentElement.dataset.old = 'yes'", vec![]).await.unwrap();
        element.scroll_into_view().await.unwrap();
        element.click().await.unwrap();
        for _ in 0..200 {
            let state = self
                .driver
                .execute("return document.readyState === 'complete' && !document.documentElement.dataset.old", vec![]);
            if matches!(state.await.map(|state| state.json().as_bool()), Ok(Some(true))) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("pressing {css} led nowhere:\n{}", self.text().await);
    }

    /// Opens what is folded away on the page, so that it is seen as well.
    pub(crate) async fn unfold(&self) {
        let script = "for (const details of document.querySelectorAll('details')) details.open = true";
        self.driver.execute(script, vec![]).await.unwrap();
    }

    /// Presses the tab key.
    pub(crate) async fn press_tab(&self) {
        self.driver.active_element().await.unwrap().send_keys(Key::Tab + "").await.unwrap();
    }

    /// Asserts that a person reads this on the page.
    #[track_caller]
    pub(crate) fn assert_says(&self, sentence: &str) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move {
            let text = self.text().await;
            assert!(text.contains(sentence), "{caller}: \"{sentence}\" is not on {}:\n{text}", self.path().await);
        }
    }

    /// What the page breaks of what every page must keep (checks.js), and what its console said.
    pub(crate) async fn faults(&self) -> Vec<String> {
        // What follows an earlier page's focus would hide what the first press of the key meets.
        self.press_tab().await;
        let faults = self.driver.execute(include_str!("checks.js"), vec![]).await.unwrap();
        let mut faults: Vec<String> = serde_json::from_value(faults.json().clone()).unwrap();
        // Chromium notes every page that answers with an error, as one with a refused form does.
        let own_status = format!("{} - Failed to load resource", self.driver.current_url().await.unwrap());
        let said = self.driver.browser_log().await.unwrap().into_iter().map(|entry| entry.message);
        let said = said.filter(|message| !message.starts_with(&own_status));
        faults.extend(said.map(|message| format!("the console says: {message}")));
        faults
    }

    /// Asserts that the page keeps what every page must.
    #[track_caller]
    pub(crate) fn assert_kept(&self) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move {
            let faults = self.faults().await;
            assert!(faults.is_empty(), "{caller}: {}:\n{}", self.path().await, faults.join("\n"));
        }
    }

    /// Ends the browser.
    pub(crate) async fn close(self) {
        self.driver.quit().await.unwrap();
    }
}

/// The driver takes a free port and says which.
fn start_driver() -> (DriverProcess, u16) {
    let mut child = Command::new(DRIVER)
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|err| panic!("{DRIVER} does not start ({err}); run: scripts/need browser"));
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let process = DriverProcess(child);
    for line in lines {
        let line = line.unwrap();
        if let Some((_, port)) = line.split_once("started successfully on port ") {
            return (process, port.trim_end_matches('.').parse().unwrap());
        }
    }
    panic!("{DRIVER} ended before it listened");
}
