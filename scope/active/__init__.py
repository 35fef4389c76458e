"""Ensembles that know what they do not know, and the loop that asks a person. It knows no task.

labels       what somebody said of an object
ledger       labels that people and catalogues gave, for ever
settle       one label for each object where labellers disagree
members      probabilities of members: bootstrap, seeds, dropout, several algorithms
summary      what the members say together: mean, votes, entropy, mutual information
acquisition  from arrays to the rows that a person should look at first
queries      who is asked about, and who is left out, by reason
som          a self-organising map: coverage, or rejection of what is rare
play_queries the loop with known labels: how fast strategies learn, and with which interval
loop         members -> scores -> queries -> sheet -> answers -> the next round
"""
