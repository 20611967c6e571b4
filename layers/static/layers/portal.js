"use strict";

// A language that was chosen once holds on the pages that follow.
const chosen = new URLSearchParams(location.search).get("lang");
if (chosen) document.cookie = `django_language=${encodeURIComponent(chosen)}; path=/; max-age=31536000; SameSite=Lax`;
