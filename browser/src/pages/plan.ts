/** The planner's page; its address is the plan. */

import { startPlanner } from "../shared/planner.js";

startPlanner((query) => history.replaceState(null, "", `/plan?${query}`));
