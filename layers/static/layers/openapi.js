"use strict";

const element = document.getElementById("openapi");
document.documentElement.classList.toggle("dark-mode", matchMedia("(prefers-color-scheme: dark)").matches);
SwaggerUIBundle({ url: element.dataset.url, domNode: element, deepLinking: true });
