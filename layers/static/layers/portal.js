"use strict";

// A language that was chosen once holds on the pages that follow.
const chosen = new URLSearchParams(location.search).get("lang");
if (chosen) document.cookie = `django_language=${encodeURIComponent(chosen)}; path=/; max-age=31536000; SameSite=Lax`;

// A field left open is no question: `type=` would ask for the code "".
for (const form of document.querySelectorAll("form.filters")) {
  form.addEventListener("formdata", (event) => {
    for (const [name, value] of [...event.formData]) if (!value) event.formData.delete(name);
  });
}
