"""Where trainings are kept: in a database and a file each, on one machine or shared by many."""
