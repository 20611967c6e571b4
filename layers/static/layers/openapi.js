"use strict";

const element = document.getElementById("openapi");
document.documentElement.classList.toggle("dark-mode", matchMedia("(prefers-color-scheme: dark)").matches);

/** A request that is tried out, with what Django asks of those who are signed in. */
function signed(request) {
  const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/);
  if (token && new URL(request.url, location).origin === location.origin) request.headers["X-CSRFToken"] = token[1];
  return request;
}

SwaggerUIBundle({
  url: element.dataset.url,
  domNode: element,
  deepLinking: true,
  requestInterceptor: signed,
  validatorUrl: null, // it would be told the address of the description
});
