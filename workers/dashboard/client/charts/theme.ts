/** Colours and type of the charts, read from the style sheet so that both schemes have one source. */

export interface Theme {
  ink: string;
  muted: string;
  line: string;
  accent: string;
  accentSoft: string;
  good: string;
  warn: string;
  font: string;
}

export function readTheme(): Theme {
  const style = getComputedStyle(document.body);
  const of = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: of('ink'),
    muted: of('muted'),
    line: of('line'),
    accent: of('accent'),
    accentSoft: of('accent-soft'),
    good: of('good'),
    warn: of('warn'),
    font: `12px ${style.fontFamily}`,
  };
}
