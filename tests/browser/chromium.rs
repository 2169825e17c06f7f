//! A real Chromium, driven through WebDriver: it starts with a test and ends with it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
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
        for argument in ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--lang=vi"] {
            options.add_arg(argument).unwrap();
        }
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), options).await.unwrap();
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        driver.cdp().send_raw("Emulation.setDeviceMetricsOverride", metrics).await.unwrap();
        Self { driver, base_url: base_url.to_owned(), _process: process }
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

    /// Asserts what every page must keep (tests/browser/checks.js) and that its console is silent.
    pub(crate) async fn assert_kept(&self) {
        let faults = self.driver.execute(include_str!("checks.js"), vec![]).await.unwrap();
        let faults: Vec<String> = serde_json::from_value(faults.json().clone()).unwrap();
        assert!(faults.is_empty(), "{}:\n{}", self.path().await, faults.join("\n"));
    }

    /// What has the focus after each of `n` presses of the tab key, as tag and id or text.
    pub(crate) async fn tab_through(&self, n: usize) -> Vec<String> {
        let mut stops = Vec::new();
        for _ in 0..n {
            let active = self.driver.active_element().await.unwrap();
            active.send_keys(Key::Tab + "").await.unwrap();
            let script = "const at = document.activeElement; return [...document.querySelectorAll('*')].indexOf(at) + ' ' + \
                          getComputedStyle(at).outlineStyle";
            let stop: Value = self.driver.execute(script, vec![]).await.unwrap().json().clone();
            stops.push(stop.as_str().unwrap().to_owned());
        }
        stops
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
