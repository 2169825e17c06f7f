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

// Photos are made smaller before they are sent: <input type=file data-shrink>. The phone's own copy stays as it is, and what
// cannot be drawn here is sent as it is: the server draws every photo anew anyway.
const MAX_SIDE_PX = 1600;
const QUALITY = 0.85;
async function shrunk(file) {
  if (!file.type.startsWith("image/")) return file;
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, MAX_SIDE_PX / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    const small = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
    return small && small.size < file.size ? new File([small], file.name, { type: "image/jpeg" }) : file;
  } catch {
    return file;
  }
}
for (const input of document.querySelectorAll("input[type=file][data-shrink]")) {
  input.addEventListener("change", async () => {
    const chosen = [...input.files];
    const small = new DataTransfer();
    for (const file of chosen) small.items.add(await shrunk(file));
    // Meanwhile something else may have been chosen.
    const isSame = chosen.length === input.files.length && chosen.every((file, at) => file === input.files[at]);
    if (isSame) input.files = small.files;
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
