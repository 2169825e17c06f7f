// What a page must keep for everyone who uses it: returns a list of faults, empty when there is none.
// Sources: WCAG 2.2 (1.3.1 labels, 1.4.3 contrast, 1.4.10 reflow, 2.4.1 skip link, 2.4.3 focus order, 2.4.7 focus visible,
// 2.5.8 target size, 3.1.1 language). The tab key was pressed once before: what has the focus now is what it reaches first.
const MIN_CONTRAST = 4.5;
const MIN_CONTRAST_LARGE = 3;
const LARGE_PX = 24;
const LARGE_BOLD_PX = 18.66;
// 2.5.8 asks for 24 px; a thumb on a phone in the field asks for what buttons and fields get here.
const MIN_TARGET_PX = 24;
const MIN_CONTROL_PX = 44;

const faults = [];
const name = (element) => {
  const text = (element.textContent || element.value || "").trim().slice(0, 40);
  return `<${element.tagName.toLowerCase()}${element.id ? "#" + element.id : ""}> "${text}"`;
};
const shown = (element) => {
  const style = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  return style.visibility === "visible" && style.display !== "none" && 1 < box.width && 1 < box.height && 0 <= box.right;
};

if (!document.documentElement.lang) faults.push("no language");
if (!document.title.trim()) faults.push("no title");
if (document.querySelectorAll("h1").length !== 1) faults.push("not one h1 but " + document.querySelectorAll("h1").length);
if (document.documentElement.clientWidth + 1 < document.documentElement.scrollWidth) {
  faults.push(`wider than the screen: ${document.documentElement.scrollWidth} of ${document.documentElement.clientWidth} px`);
}

for (const field of document.querySelectorAll("input:not([type=hidden],[hidden]),select,textarea")) {
  const label = [...(field.labels || [])].map((label) => label.textContent.trim()).join("");
  if (!label && !field.getAttribute("aria-label")) faults.push("no label: " + name(field));
}
for (const image of document.querySelectorAll("img")) {
  if (!image.hasAttribute("alt")) faults.push("no alt: " + image.src.slice(0, 60));
}
const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
for (const id of new Set(ids.filter((id, at) => ids.indexOf(id) !== at))) faults.push("id twice: " + id);
for (const element of document.querySelectorAll("[aria-describedby],[aria-labelledby]")) {
  const named = (element.getAttribute("aria-describedby") || "") + " " + (element.getAttribute("aria-labelledby") || "");
  for (const id of named.trim().split(/\s+/)) {
    if (!document.getElementById(id)) faults.push(`describes by an id that is not there: ${id}`);
  }
}
// With a mark in the address the focus begins at the mark, as it should; a page without links needs no skip link.
const first = document.activeElement;
if (!location.hash && document.querySelector("a[href],button") && !first.matches(".skip")) faults.push("the tab key reaches first, not the skip link: " + name(first));
if (first.matches(".skip")) {
  if (!document.querySelector(first.getAttribute("href"))) faults.push("the skip link leads nowhere");
  if (!shown(first)) faults.push("the skip link is not seen when it has the focus");
}
for (const stop of document.querySelectorAll("a[href],button,input:not([type=hidden]),select,textarea,summary")) {
  if (!stop.checkVisibility() || stop.disabled) continue;
  stop.focus();
  const style = getComputedStyle(stop);
  if (document.activeElement !== stop) faults.push("cannot have the focus: " + name(stop));
  else if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2) faults.push("focus is not seen: " + name(stop));
}
document.activeElement.blur();
scrollTo(0, 0);
if (document.querySelector("[tabindex]:not([tabindex='0']):not([tabindex='-1'])")) faults.push("a tabindex changes the order of focus");

const channel = (value) => {
  const part = value / 255;
  return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
};
const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
const parse = (color) => (color.match(/[\d.]+/g) || []).map(Number);
const ground = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const color = parse(getComputedStyle(at).backgroundColor);
    if (color.length === 3 || 0.99 < color[3]) return color;
  }
  return [255, 255, 255];
};
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (texts.nextNode()) {
  const element = texts.currentNode.parentElement;
  if (!texts.currentNode.textContent.trim() || !shown(element) || element.closest("svg,option,script,style")) continue;
  const style = getComputedStyle(element);
  const [light, dark] = [luminance(parse(style.color)), luminance(ground(element))].sort((a, b) => b - a);
  const contrast = (light + 0.05) / (dark + 0.05);
  const size = parseFloat(style.fontSize);
  const isLarge = LARGE_PX <= size || (LARGE_BOLD_PX <= size && 700 <= Number(style.fontWeight));
  if (contrast < (isLarge ? MIN_CONTRAST_LARGE : MIN_CONTRAST)) faults.push(`contrast ${contrast.toFixed(1)}: ${name(element)}`);
}

for (const target of document.querySelectorAll("a[href],button,input:not([type=hidden]),select,textarea,summary")) {
  if (!shown(target) || target.closest(".skip")) continue;
  // A box to tick is as large as the label around it.
  const box = (target.closest("label") || target).getBoundingClientRect();
  const isControl = target.matches("button,select,textarea,input,.button");
  // A link inside a sentence is as high as its line (2.5.8, exception "inline").
  const isInline = target.matches("a") && getComputedStyle(target).display === "inline";
  const least = isControl ? MIN_CONTROL_PX : isInline ? 0 : MIN_TARGET_PX;
  if (box.height + 0.5 < least) faults.push(`only ${box.height.toFixed(0)} px high: ${name(target)}`);
}
return faults;
