/** Keeps the page as tall as what is visible: on phones the keyboard covers the rest. */
export function trackViewport(signal: AbortSignal): void {
  const viewport = window.visualViewport;
  if (!viewport) return;
  const root = document.documentElement;
  const measure = (): void => {
    // Pinch-zoom also shrinks the visual viewport; then the layout must stay.
    if (viewport.scale > 1.01) return;
    root.style.setProperty('--viewport-height', `${Math.round(viewport.height)}px`);
    if (viewport.offsetTop > 0) window.scrollTo(0, 0);
  };
  viewport.addEventListener('resize', measure, { signal });
  viewport.addEventListener('scroll', measure, { signal });
  measure();
}
