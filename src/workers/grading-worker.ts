import { performer } from './grading-performer.js';
import { GRADING_TASKS } from './grading-tasks.js';

/** What the grading thread runs for each call. */
export default performer(GRADING_TASKS);
