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
  /** Of every canvas the name of its picture and the pixels that something was drawn on, in order of names. */
  pictures(): { name: string; ink: number }[];
  /** What makes the page wider than the screen; nothing when it fits. */
  overhanging(): string[];
  /** What this origin keeps beyond the tab. */
  keptForLong(): string[];
  toTop(): void;
}
