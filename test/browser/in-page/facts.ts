/** What a test may ask of a page: types alone, for both sides. */

export interface Pale {
  text: string;
  ratio: number;
  colour: string;
  behind: string;
}

export interface PageFacts {
  /** How many texts were looked at, and those whose contrast is below 4.5, worst first. */
  contrast(): { looked: number; pale: Pale[] };
  /** Controls that a screen reader could only call by their kind. */
  unnamedControls(): string[];
  /** Pixels that something was drawn on, of each canvas by the name of its picture. */
  inkByPicture(): Record<string, number>;
  /** What makes the page wider than the screen; nothing when it fits. */
  overhanging(): string[];
  /** What this origin keeps beyond the tab. */
  keptForLong(): string[];
  toTop(): void;
}
