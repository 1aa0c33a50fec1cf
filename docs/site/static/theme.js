// Light or dark, as chosen before: the theme's own switch keeps the choice.
document.body.dataset.theme = window.localStorage.theme ?? "auto";
