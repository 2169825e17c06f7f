// Small helps; every page works without them.
"use strict";

// A chosen picture is shown before it is sent: <input type=file data-preview="id of an element">.
for (const input of document.querySelectorAll("input[type=file][data-preview]")) {
  const place = document.getElementById(input.dataset.preview);
  input.addEventListener("change", () => {
    place.replaceChildren();
    for (const file of input.files) {
      if (!file.type.startsWith("image/")) continue;
      const image = new Image();
      image.alt = file.name;
      image.src = URL.createObjectURL(file);
      image.onload = () => URL.revokeObjectURL(image.src);
      place.append(image);
    }
  });
}

// A form is sent once, however often the button is pressed.
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
    showSending(form, true);
  });
}
// A form whose sending takes long says so: <p data-sending hidden>.
function showSending(form, isSending) {
  const sentence = form.querySelector("[data-sending]");
  if (!sentence) return;
  sentence.hidden = !isSending;
  for (const button of form.querySelectorAll("button")) button.disabled = isSending;
}
// Coming back by the browser's arrow, forms can be sent again.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    showSending(form, false);
  }
});

// A file that takes a moment to make says so once it is asked for: <a data-working="sentence">.
for (const link of document.querySelectorAll("a[data-working]")) {
  link.addEventListener("click", () => {
    const said = link.nextElementSibling;
    if (said && said.getAttribute("role") === "status") return;
    const sentence = document.createElement("span");
    sentence.setAttribute("role", "status");
    sentence.textContent = " " + link.dataset.working;
    link.after(sentence);
  });
}

// Work under way: the part marked data-refresh is fetched again until it no longer carries the mark.
const RETRY_MS = 1000;
async function refresh(part) {
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById(part.id);
    if (fresh) {
      part.replaceWith(fresh);
      part = fresh;
    }
  } catch {
    // The next round asks again.
  }
  if (part.hasAttribute("data-refresh")) setTimeout(refresh, RETRY_MS, part);
}
for (const part of document.querySelectorAll("[data-refresh]")) setTimeout(refresh, RETRY_MS, part);
