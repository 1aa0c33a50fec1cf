// What leaves the page: files and the clipboard.

/** @param {string} name @param {string} type @param {BlobPart} content */
export function save(name, type, content) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const a = document.createElement("a");
  a.href = url;
  a.download = name.replace(/[^\w.-]+/g, "_").slice(-100);
  a.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** @param {string} text */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    prompt("Copy this:", text); // the clipboard is closed to pages that are not served by HTTPS or on loopback
  }
}
