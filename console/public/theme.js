// Before the first paint: language and colours as they were chosen, so that nothing flashes. The page's policy allows no inline script.
try {
  const theme = JSON.parse(localStorage.getItem('dure.theme'));
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  document.documentElement.lang = JSON.parse(localStorage.getItem('dure.lang')) ?? (navigator.language.startsWith('ko') ? 'ko' : 'en');
} catch {
  // localStorage is switched off
}
