"use strict";
// The button turns light into dark and back; without it the system decides.
document.getElementById("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const chosen = root.style.colorScheme;
  const isDark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.style.colorScheme = isDark ? "light" : "dark";
  try {
    localStorage.setItem("theme", root.style.colorScheme);
  } catch (refused) {
    // the choice then holds for this page alone
  }
});
